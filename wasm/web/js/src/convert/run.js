// A conversion on the thread that asks for it, in an instance of the WebAssembly module of its own, which is dropped afterwards.

import { DownloadError } from '../errors.js';
import { bindings } from './bindings.js';
import { translated } from './errors.js';

/** @typedef {import('../../types/convert.js').ConvertProgress} ConvertProgress */
/** @typedef {import('../../types/convert.js').Converted} Converted */
/**
 * The files of a model, by path.
 * @typedef {object} Files
 * @property {ConvertProgress['phase']} phase what reading them is
 * @property {string} name what the model is called where the caller does not say
 * @property {string[]} paths
 * @property {(path: string) => number | undefined} size in bytes, where it is known
 * @property {(path: string) => AsyncIterable<Uint8Array>} chunks
 */
/**
 * What differs between hosts.
 * @typedef {object} Platform
 * @property {(wasm: any, signal?: AbortSignal) => Promise<WebAssembly.Module>} compile a module, without `wasm` that of the package
 * @property {(source: any, signal?: AbortSignal) => Promise<Files>} open
 */
/**
 * What a worker is sent.
 * @typedef {object} Job
 * @property {import('./source.js').PlainSource} source
 * @property {string} [name]
 * @property {string} precision
 * @property {any} [wasm]
 */

// Progress is told in steps of a hundredth.
const STEP = 0.01;

/**
 * @param {Job} job
 * @param {Platform} platform
 * @param {(progress: ConvertProgress) => void} [progress]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Converted>}
 */
export async function run({ source, name, precision, wasm }, platform, progress, signal) {
  const [module, files] = await Promise.all([platform.compile(wasm, signal), platform.open(source, signal)]);
  const glue = bindings();
  const { memory } = await glue({ module_or_path: module });
  try {
    const directory = new glue.Directory();
    await read(files, glue.filesToRead(files.paths), directory, memory, stepped(files.phase, progress), signal);
    const convert = stepped('convert', progress);
    convert(0);
    const packed = directory.pack(name ?? files.name, precision, (done, steps) => {
      signal?.throwIfAborted();
      convert(done / steps);
    });
    const bytes = new Uint8Array(memory.buffer, packed.address, packed.length).slice();
    return { bytes, info: { ...packed.info(), memoryBytes: memory.buffer.byteLength } };
  } catch (error) {
    throw translated(error);
  }
}

/**
 * Reads files into the memory of the module, one after the other: only there is any of them whole.
 * @param {Files} files
 * @param {string[]} wanted
 * @param {import('./bindings.js').Directory} directory
 * @param {WebAssembly.Memory} memory
 * @param {(fraction: number) => void} advance
 * @param {AbortSignal} [signal]
 */
async function read(files, wanted, directory, memory, advance, signal) {
  const sizes = wanted.map(files.size);
  const total = sizes.reduce((/** @type {number} */ sum, size) => sum + (size ?? 0), 0);
  const known = total > 0 && sizes.every((size) => size !== undefined);
  let loaded = 0;
  for (const [index, path] of wanted.entries()) {
    const given = files.chunks(path);
    const whole = sizes[index] === undefined ? await joined(given) : undefined;
    const length = whole?.length ?? /** @type {number} */ (sizes[index]);
    const address = directory.add(path, length);
    let at = 0;
    for await (const chunk of whole ? [whole] : given) {
      signal?.throwIfAborted();
      if (at + chunk.length > length) throw changed(path, length);
      new Uint8Array(memory.buffer, address + at, chunk.length).set(chunk);
      at += chunk.length;
      if (known) advance((loaded + at) / total);
    }
    if (at < length) throw changed(path, length);
    loaded += length;
    if (!known) advance((index + 1) / wanted.length);
  }
  signal?.throwIfAborted();
}

/**
 * @param {string} path
 * @param {number} length
 */
const changed = (path, length) =>
  new DownloadError('file', `${path} has not the ${length} bytes that it was said to have`);

/** @param {AsyncIterable<Uint8Array>} chunks */
async function joined(chunks) {
  const parts = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(await new Blob(/** @type {any} */ (parts)).arrayBuffer());
}

/**
 * Tells progress where it is worth it.
 * @param {ConvertProgress['phase']} phase
 * @param {(progress: ConvertProgress) => void} [progress]
 */
function stepped(phase, progress) {
  let told = -1;
  return (/** @type {number} */ fraction) => {
    if (fraction - told < STEP && (fraction < 1 || told === 1)) return;
    told = fraction;
    progress?.({ phase, fraction });
  };
}
