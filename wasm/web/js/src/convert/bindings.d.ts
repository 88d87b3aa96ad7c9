// What wasm-bindgen makes of wasm/convert, as far as it is used. A call throws an object with `code` and `message`.

export class Directory {
  constructor();
  add(path: string, length: number): number;
  pack(name: string, precision: string, progress: (done: number, steps: number) => void): Packed;
}

export class Packed {
  readonly address: number;
  readonly length: number;
  info(): Omit<import('../../types/convert.js').ConvertedInfo, 'memoryBytes'>;
}

/** A fresh set of bindings, called to make the instance behind them. */
export function bindings(): {
  (options: { module_or_path: WebAssembly.Module }): Promise<{ memory: WebAssembly.Memory }>;
  filesToRead(paths: string[]): string[];
  Directory: typeof Directory;
};
