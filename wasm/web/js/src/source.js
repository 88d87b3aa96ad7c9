// The forms in which a caller may give a model, as chunks of bytes.

import { InputError } from './errors.js';
import { checkStatus } from './module.js';
import { body, download } from './network.js';

/** @typedef {import('../types/common.js').ModelSource} ModelSource */
/** @typedef {{ from: 'network' | 'memory', chunks: AsyncIterable<Uint8Array> }} Source */

// Bytes that are copied at once: what takes well below a millisecond.
const CHUNK = 1 << 20;

/**
 * @param {ModelSource | { stream: ReadableStream<Uint8Array> }} model
 * @param {AbortSignal} [signal]
 * @returns {Source}
 */
export function open(model, signal) {
  if (typeof model === 'string') return { from: 'network', chunks: fetched(model, signal) };
  if (model instanceof URL) return { from: 'network', chunks: fetched(model.href, signal) };
  if (model instanceof Response) {
    checkStatus(model);
    return { from: 'network', chunks: streamed(body(model)) };
  }
  if (model instanceof Blob) return { from: 'memory', chunks: streamed(model.stream()) };
  if (model instanceof ArrayBuffer) return { from: 'memory', chunks: pieces(new Uint8Array(model)) };
  if (ArrayBuffer.isView(model)) {
    return { from: 'memory', chunks: pieces(new Uint8Array(model.buffer, model.byteOffset, model.byteLength)) };
  }
  if (model?.stream instanceof ReadableStream) return { from: 'network', chunks: streamed(model.stream) };
  throw new InputError('invalid-input', 'the model must be a URL, a Response, a Blob, a File or bytes');
}

/**
 * The address of a model that has one.
 * @param {unknown} model
 * @returns {string | undefined}
 */
export function address(model) {
  if (!(model instanceof URL) && typeof model !== 'string') return undefined;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  try {
    return new URL(model, base).href;
  } catch (cause) {
    throw new InputError('invalid-input', `${model} is not a URL`, { cause });
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
async function* fetched(url, signal) {
  yield* (await download(url, signal)).chunks;
}

// Not every engine can iterate over a stream.
/** @param {ReadableStream<Uint8Array>} stream */
export async function* streamed(stream) {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {Uint8Array} bytes */
async function* pieces(bytes) {
  for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
}
