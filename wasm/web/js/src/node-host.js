// Node: files beside what browsers have.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { DownloadError } from './errors.js';
import { build, compile } from './module.js';
import { open } from './source.js';

const CHUNK = 1 << 20;

/** @type {import('./load.js').Platform} */
export const node = {
  async compile(wasm, signal) {
    const path = wasm === undefined ? new URL(`../wasm/minilm-${build()}.wasm`, import.meta.url) : wasm;
    return compile(path instanceof URL || isPath(path) ? await read(path) : path, signal);
  },
  open(model, signal) {
    return isPath(model) ? { from: 'memory', chunks: file(model, signal) } : open(model, signal);
  },
};

/**
 * The address or path of a model, if it has one. A string that is no address of the web is a path.
 * @param {any} model
 * @returns {string | undefined}
 */
export function address(model) {
  if (typeof model !== 'string' && !(model instanceof URL)) return undefined;
  const text = String(model);
  return text.startsWith('file:') ? fileURLToPath(text) : text;
}

/**
 * @param {unknown} model
 * @returns {model is string}
 */
const isPath = (model) => typeof model === 'string' && !/^https?:/.test(model);

/** @param {string | URL} path */
async function read(path) {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new DownloadError('file', `cannot read the WebAssembly module: ${cause}`, { cause });
  }
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Uint8Array, void, void>}
 */
async function* file(path, signal) {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new DownloadError('file', `cannot read the model: ${cause.message}`, { cause });
  }
}
