// The WebAssembly module: which of the two builds, and from where.

import { DownloadError, EngineError } from './errors.js';

/**
 * The addresses of the WebAssembly files of this package, by build; those of the converter are one. What is missing has none.
 * @typedef {{ files: { 'relaxed-simd'?: string, simd128?: string, convert?: string } }} PackageFiles
 */
/** @typedef {string | URL | Response | BufferSource} Wasm */

// () -> v128: i32x4.add of two splats.
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 174, 1, 11,
];

// "f": () -> i32: lane 0 of i16x8.relaxed_dot_i8x16_i7x16_s plus lane 0 of i32x4.relaxed_dot_i8x16_i7x16_add_s, the first operand
// -1 everywhere and the second 1: -2 and -4.
const RELAXED_SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 37, 1, 35, 0, 65, 127,
  253, 15, 65, 1, 253, 15, 253, 146, 2, 253, 24, 0, 65, 127, 253, 15, 65, 1, 253, 15, 65, 0, 253, 17, 253, 147, 2, 253,
  27, 0, 106, 11,
];

/** Whether the dot products are there, and right: V8 11.3 (Node 20) has them behind a flag, with the operands confused. */
function hasRelaxedSimd() {
  const bytes = new Uint8Array(RELAXED_SIMD);
  if (!WebAssembly.validate(bytes)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return typeof f === 'function' && f() === -6;
}

/**
 * The build for this engine.
 * @returns {'relaxed-simd' | 'simd128'}
 */
export function build() {
  if (hasRelaxedSimd()) return 'relaxed-simd';
  if (WebAssembly.validate(new Uint8Array(SIMD))) return 'simd128';
  throw new EngineError(
    'unsupported',
    'this engine has no WebAssembly SIMD (Chrome 91, Firefox 89, Safari 16.4 and newer have)',
  );
}

/**
 * A module from what a caller gives, or from a file of this package.
 * @param {Wasm | WebAssembly.Module | PackageFiles} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compile(source, signal) {
  if (source instanceof WebAssembly.Module) return source;
  try {
    return await compiled(isPackageFiles(source) ? await packaged(source, signal) : source, signal);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new EngineError('unsupported', `the WebAssembly module is not valid here: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * @param {Wasm} source
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
 * @param {Wasm | PackageFiles} source
 * @returns {source is PackageFiles}
 */
const isPackageFiles = (source) => Object.hasOwn(Object(source), 'files');

// What a server answers that has no such file. Those of single pages send the page.
const MISSING = [404, 410];

/**
 * The answer with a file of this package, or an error that says what to do where it is not at its place.
 * @param {PackageFiles} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
async function packaged({ files }, signal) {
  const key = 'convert' in files ? 'convert' : build();
  const [url, name] = [files[key], `minilm-${key}.wasm`];
  const response = url === undefined ? undefined : await request(url, { signal });
  const page = response?.headers.get('content-type')?.startsWith('text/html');
  if (response && !page && !MISSING.includes(response.status)) return response;
  response?.body?.cancel().catch(() => {});
  const found = url === undefined ? 'has no address' : `is not at ${url}${page ? ', where a page of HTML is' : ''}`;
  const inside = key === 'convert' ? '' : "import from 'minilm-wasm/inline', which has it inside, or ";
  throw new DownloadError(
    'package-file',
    `the file ${name} of minilm-wasm ${found}: a bundler that does not follow new URL(…, import.meta.url), as esbuild, leaves it behind. ` +
      `To mend it, ${inside}serve 'minilm-wasm/${name}' and pass its address as option \`wasm\``,
    { url, status: response?.status },
  );
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
    // What is wrong is not told: that another origin does not share its files is the usual reason.
    const foreign = globalThis.origin && !String(url).startsWith(`${globalThis.origin}/`);
    const hint = foreign ? ' (it is of another origin, which must send Access-Control-Allow-Origin)' : '';
    throw new DownloadError('network', `cannot fetch ${url}: ${error}${hint}`, { cause: error });
  }
}

/** @param {Response} response */
export function checkStatus(response) {
  if (!response.ok) {
    const { status, url } = response;
    throw new DownloadError('http-status', `${url || 'the response'} has status ${status}`, { status });
  }
}
