// Made by `cargo xtask build web`: `minilm-relaxed-simd.wasm`, gzipped, in Base64.

export const gzipped: string;
