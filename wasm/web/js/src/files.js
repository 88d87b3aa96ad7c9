// Where the WebAssembly files of this package are, as the thread of the caller sees it: a worker may not know where it came from.

/**
 * The addresses by build; `undefined` where the program has no address of its own, as in a script that is no module.
 * @returns {import('./module.js').PackageFiles}
 */
export function files() {
  try {
    // Written out so that bundlers find them.
    const simd128 = new URL('../wasm/minilm-simd128.wasm', import.meta.url).href;
    return { files: { simd128, 'relaxed-simd': new URL('../wasm/minilm-relaxed-simd.wasm', import.meta.url).href } };
  } catch {
    return { files: {} };
  }
}
