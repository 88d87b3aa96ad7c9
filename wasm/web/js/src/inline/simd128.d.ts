// Made by `cargo xtask build web`: `minilm-simd128.wasm`, gzipped, in Base64.

export const gzipped: string;
