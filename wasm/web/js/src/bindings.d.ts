// What wasm-bindgen makes of wasm/web, as far as it is used. A call throws an object with `code` and `message`.

export class ModelFile {
  constructor(length: number);
  readonly address: number;
  hash(end: number): void;
  sha256(): string;
  load(): Model;
}

export class Model {
  encode(texts: string[], options: object | undefined, first: number): Encoded;
  quantize(data: Float32Array, dim: number, precision: string, ranges: object | undefined): Quantized;
  similarity(a: Float32Array, b: Float32Array, dim: number): Float32Array;
  search(queries: Float32Array, corpus: Float32Array, dim: number, topK: number): { index: number; score: number }[][];
  tokenize(texts: string[], options: object | undefined): { ids: Uint32Array; tokens: string[]; truncated: boolean }[];
  info(): Omit<import('../types/common.js').Info, 'memoryBytes' | 'cached'>;
}

export interface Encoded {
  data: Float32Array;
  dim: number;
  tokens: Uint32Array;
  truncated: boolean[];
}

export interface Quantized {
  data: Int8Array | Uint8Array;
  dim: number;
}

/** A fresh set of bindings, called to make the instance behind them. */
export function bindings(): {
  (options: { module_or_path: WebAssembly.Module }): Promise<{ memory: WebAssembly.Memory }>;
  ModelFile: typeof ModelFile;
  Model: typeof Model;
};
