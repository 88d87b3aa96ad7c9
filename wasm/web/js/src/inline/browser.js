// The entry for browsers with the WebAssembly modules in programs: for bundlers that take programs along and no other files, and for
// pages in one file.

import { create } from '../create.js';
import { compile } from '../module.js';
import { address, open } from '../source.js';
import { spawn } from '../spawn-engine.js';
import { inlined } from './wasm.js';

export * from '../api.js';
export { clearCache, isCached } from '../cache.js';

/** @param {any} options */
export async function createEmbedder(options) {
  const wasm = options?.wasm ?? (await inlined());
  return create({ ...options, wasm }, { compile, open, address, spawn });
}
