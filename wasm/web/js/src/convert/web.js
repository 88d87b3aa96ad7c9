// Browsers, their workers and whatever has their interfaces.

import { compile } from '../module.js';
import { open } from './source.js';

/** @type {import('./run.js').Platform} */
export const web = {
  // The address is written out so that bundlers find it.
  compile: (wasm, signal) => compile(wasm ?? new URL('../../wasm/minilm-convert.wasm', import.meta.url), signal),
  open,
};
