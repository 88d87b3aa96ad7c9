// The packed file on its way into the module's memory: written where it stays, as it arrives.

import { ModelError } from './errors.js';

// Bytes of the length in front of the header.
const PREFIX = 8;
// As long as the core reads a header.
const MAX_HEADER = 96 * 1024;
// What a module with 32-bit addresses can hold.
const MAX_FILE = 2 ** 32 - 2 ** 16;

/**
 * Length of the file, which its header tells; `undefined` where `head` ends before that. What a server says of the length is not
 * asked: compressed answers tell another one.
 * @param {Uint8Array} head the first bytes of the file
 * @returns {number | undefined}
 */
export function announced(head) {
  if (head.length < PREFIX) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const header = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || header > MAX_HEADER) throw foreign('its header is too long');
  if (head.length < PREFIX + header) return undefined;
  /** @type {unknown} */
  let tensors;
  try {
    tensors = JSON.parse(new TextDecoder().decode(head.subarray(PREFIX, PREFIX + header)));
  } catch {
    throw foreign('its header is not JSON');
  }
  const ends = Object.values(tensors ?? {}).map((entry) => entry?.data_offsets?.[1] ?? 0);
  const length = PREFIX + header + ends.reduce((longest, end) => Math.max(longest, end), 0);
  if (!Number.isSafeInteger(length) || length > MAX_FILE) throw foreign('its tensors have impossible places');
  return length;
}

/** @param {string} reason */
const foreign = (reason) => new ModelError('model-invalid', `this is not a packed model: ${reason}`);

/**
 * @typedef {object} ReceiveOptions
 * @property {string} [sha256]
 * @property {AbortSignal} [signal]
 * @property {(loaded: number, total: number) => void} [advance]
 * @property {(bytes: Uint8Array, total: number) => Promise<unknown>} [store] is given what there is, after every chunk
 */

/**
 * Reads a whole file into the memory of a module.
 * @param {typeof import('./bindings.js').ModelFile} ModelFile
 * @param {WebAssembly.Memory} memory
 * @param {AsyncIterable<Uint8Array>} chunks
 * @param {ReceiveOptions} [options]
 */
export async function receive(ModelFile, memory, chunks, { sha256, signal, advance, store } = {}) {
  let head = new Uint8Array();
  let loaded = 0;
  let total = 0;
  /** @type {import('./bindings.js').ModelFile | undefined} */
  let file;
  for await (let chunk of chunks) {
    signal?.throwIfAborted();
    if (!file) {
      chunk = head = joined(head, chunk);
      const length = announced(head);
      if (length === undefined) continue;
      file = new ModelFile(length);
      total = length;
    }
    if (loaded + chunk.length > total) {
      throw new ModelError('model-invalid', `the model file is longer than the ${total} bytes that its header tells`);
    }
    new Uint8Array(memory.buffer, file.address + loaded, chunk.length).set(chunk);
    loaded += chunk.length;
    if (sha256) file.hash(loaded);
    advance?.(loaded, total);
    await store?.(new Uint8Array(memory.buffer, file.address, loaded), total);
  }
  signal?.throwIfAborted();
  if (!file || loaded < total) {
    const found = file ? loaded : head.length;
    throw new ModelError('model-truncated', `the model file ends after ${found} bytes${file ? ` of ${total}` : ''}`);
  }
  if (sha256 && file.sha256() !== sha256.toLowerCase()) {
    throw new ModelError('model-sha256', `the model file has SHA-256 ${file.sha256()}, expected ${sha256}`);
  }
  return { file, address: file.address, length: total };
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function joined(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
