// Node: files beside what browsers have.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { DownloadError, MinilmError } from './errors.js';
import { build, compile } from './module.js';
import { open } from './source.js';

const CHUNK = 1 << 20;

/** @type {import('./load.js').Platform} */
export const node = {
  async compile(wasm, signal) {
    if (wasm === undefined)
      return compile(await own(() => new URL(`../wasm/minilm-${build()}.wasm`, import.meta.url)), signal);
    return compile(wasm instanceof URL || isPath(wasm) ? await read(wasm) : wasm, signal);
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

/** What to do where a program of this package is not in its folder. */
export const EXTERNAL = 'A bundler must leave minilm-wasm out of its bundle, as `external`';

/**
 * A file of this package.
 * @param {() => URL} url throws in a bundle that is no module
 */
export async function own(url) {
  try {
    return await readFile(url());
  } catch (cause) {
    if (cause instanceof MinilmError) throw cause;
    throw new DownloadError(
      'package-file',
      `cannot read a file of minilm-wasm: ${cause}. ${EXTERNAL}, or pass the file as option \`wasm\``,
      { cause },
    );
  }
}

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
