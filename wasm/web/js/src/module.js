// The WebAssembly module: which of the two builds, and from where.

import { DownloadError, EngineError } from './errors.js';

// A function of two splats and one vector instruction behind them, whose bytes are `opcode`. An engine that does not know the
// instruction refuses the module.
/** @param {number[]} opcode */
const probe = (opcode) =>
  new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 13 + opcode.length, 1, 11 + opcode.length, 0, 65, 1, 253, 15,
    65, 2, 253, 15, 253, ...opcode, 11,
  ]);

// i32x4.add
const SIMD = [174, 1];
// i16x8.relaxed_dot_i8x16_i7x16_s, what the kernels need most.
const RELAXED_SIMD = [146, 2];

/**
 * The build for this engine.
 * @returns {'relaxed-simd' | 'simd128'}
 */
export function build() {
  if (WebAssembly.validate(probe(RELAXED_SIMD))) return 'relaxed-simd';
  if (WebAssembly.validate(probe(SIMD))) return 'simd128';
  throw new EngineError('unsupported', 'this engine has no WebAssembly SIMD (Chrome 91, Firefox 89, Safari 16.4 and newer have)');
}

/**
 * A module from what a caller gives.
 * @param {string | URL | Response | BufferSource | WebAssembly.Module} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compile(source, signal) {
  if (source instanceof WebAssembly.Module) return source;
  try {
    return await compiled(source, signal);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new EngineError('unsupported', `the WebAssembly module is not valid here: ${error.message}`, { cause: error });
  }
}

/**
 * @param {string | URL | Response | BufferSource} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<WebAssembly.Module>}
 */
async function compiled(source, signal) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = source instanceof Response ? source : await request(source, { signal });
  checkStatus(response);
  // Servers that do not know the type are common, and streaming insists on it.
  const streams = response.headers.get('content-type')?.startsWith('application/wasm');
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/**
 * `fetch`, with our error where there is no answer.
 * @param {string | URL} url
 * @param {RequestInit} init
 */
export async function request(url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new DownloadError('network', `cannot fetch ${url}: ${error}`, { cause: error });
  }
}

/** @param {Response} response */
export function checkStatus(response) {
  if (!response.ok) {
    const { status, url } = response;
    throw new DownloadError('http-status', `${url || 'the response'} has status ${status}`, { status });
  }
}
