// Browsers, their workers and whatever has their interfaces.

import { build, compile } from './module.js';
import { open } from './source.js';

/** @type {import('./load.js').Platform} */
export const web = {
  compile: (wasm, signal) => compile(wasm ?? address(), signal),
  open,
};

// The addresses are written out so that bundlers find them.
const address = () =>
  build() === 'relaxed-simd'
    ? new URL('../wasm/minilm-relaxed-simd.wasm', import.meta.url)
    : new URL('../wasm/minilm-simd128.wasm', import.meta.url);
