// Where the WebAssembly file of the converter is, as the thread of the caller sees it.

/** @returns {import('../module.js').PackageFiles} */
export function files() {
  try {
    // Written out so that bundlers find it.
    return { files: { convert: new URL('../../wasm/minilm-convert.wasm', import.meta.url).href } };
  } catch {
    return { files: { convert: undefined } };
  }
}
