// Node: directories beside what browsers have.

import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { DownloadError } from '../errors.js';
import { compile } from '../module.js';
import { address, own } from '../node-host.js';
import { open, plain as plainWeb } from './source.js';

const CHUNK = 1 << 20;

/** @type {import('./run.js').Platform} */
export const node = {
  async compile(wasm, signal) {
    const source = wasm ?? (await own(() => new URL('../../wasm/minilm-convert.wasm', import.meta.url)));
    const isFile = source instanceof URL || (typeof source === 'string' && !/^https?:/.test(source));
    return compile(isFile ? await reading(source, () => readFile(source)) : source, signal);
  },
  open: (source, signal) => ('directory' in source ? listed(source.directory, signal) : open(source, signal)),
};

/**
 * @param {any} source
 * @returns {import('./source.js').PlainSource}
 */
export function plain(source) {
  const path = address(source);
  return path === undefined ? plainWeb(source) : { directory: resolve(path) };
}

/**
 * @param {string} directory
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./run.js').Files>}
 */
async function listed(directory, signal) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  await reading(directory, () => add(directory, '', sizes));
  return {
    phase: 'read',
    name: basename(directory) || 'model',
    paths: [...sizes.keys()].sort(),
    size: (path) => sizes.get(path),
    async *chunks(path) {
      try {
        yield* createReadStream(join(directory, path), { highWaterMark: CHUNK, signal });
      } catch (cause) {
        signal?.throwIfAborted();
        throw new DownloadError('file', `cannot read ${path}: ${cause}`, { cause });
      }
    },
  };
}

/**
 * The files of a directory and of the folders in it.
 * @param {string} directory
 * @param {string} prefix
 * @param {Map<string, number>} sizes
 */
async function add(directory, prefix, sizes) {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const found = await stat(path);
    if (!found.isDirectory()) sizes.set(prefix + name, found.size);
    else if (prefix === '') await add(path, `${name}/`, sizes);
  }
}

/**
 * @template T
 * @param {string | URL} path
 * @param {() => Promise<T>} read
 */
async function reading(path, read) {
  try {
    return await read();
  } catch (cause) {
    throw new DownloadError('file', `cannot read ${path}: ${cause}`, { cause });
  }
}
