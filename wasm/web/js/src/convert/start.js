// From the arguments of a caller to a packed file.

import { abortable } from '../abort.js';
import { EngineError } from '../errors.js';
import { compile } from '../module.js';
import { checkedSignal, wrong } from '../options.js';
import { fromConverter } from './errors.js';
import { run } from './run.js';

/** @typedef {import('../../types/convert.js').ConvertProgress} ConvertProgress */
/** @typedef {import('../../types/convert.js').Converted} Converted */
/**
 * What a host adds for callers.
 * @typedef {object} Host
 * @property {(source: any) => import('./source.js').PlainSource} plain
 * @property {(address: any) => string | undefined} address that of a file in full, if it has one
 * @property {() => import('../module.js').PackageFiles} [files] where the WebAssembly file of the package is, for a host that does not know
 * @property {Spawn | undefined} spawn runs a job in a new worker, where there are any
 */
/**
 * @typedef {(
 *   job: import('./run.js').Job,
 *   receive: (message: any) => void,
 *   fail: (reason: string, code?: string) => void,
 * ) => (() => void) | Promise<() => void>} Spawn gives what ends the worker
 */

const PRECISIONS = ['int8', 'int6-e4', 'f32'];

/**
 * @param {any} source
 * @param {any} options
 * @param {import('./run.js').Platform & Host} host
 * @returns {Promise<Converted>}
 */
export async function start(source, options, host) {
  const { precision = 'int8', name, progress, signal, worker = true, wasm, ...rest } = options ?? {};
  const [unknown] = Object.keys(rest);
  if (unknown) throw wrong(unknown, 'is unknown: there are precision, name, progress, signal, worker, wasm');
  if (!PRECISIONS.includes(precision)) throw wrong('precision', `is none of ${PRECISIONS.join(', ')}`);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw wrong('name', 'must be a string that is not empty');
  if (progress !== undefined && typeof progress !== 'function') throw wrong('progress', 'must be a function');
  checkedSignal(signal);
  const module =
    wasm instanceof Response ? await compile(wasm, signal) : (host.address(wasm) ?? wasm ?? host.files?.());
  const job = { source: host.plain(source), name, precision, wasm: module };
  return worker && host.spawn ? inWorker(job, host.spawn, progress, signal) : run(job, host, progress, signal);
}

/**
 * A conversion in a worker, which ends with it and, at once, when the signal aborts.
 * @param {import('./run.js').Job} job
 * @param {Spawn} spawn
 * @param {(progress: ConvertProgress) => void} [progress]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Converted>}
 */
async function inWorker(job, spawn, progress, signal) {
  /** @type {Promise<() => void>} */
  let started = Promise.resolve(() => {});
  /** @type {Promise<Converted>} */
  const done = new Promise((resolve, reject) => {
    const receive = (/** @type {any} */ { value, fault, progress: step }) => {
      if (fault) reject(fromConverter(fault));
      else if (value) resolve(value);
      else if (!signal?.aborted) progress?.(step);
    };
    const fail = (/** @type {string} */ reason, code = 'engine') =>
      reject(new EngineError(code, `the worker stopped: ${reason}`));
    started = Promise.resolve(spawn(job, receive, fail));
    started.catch(reject);
  });
  try {
    return await abortable(done, signal);
  } finally {
    started.then(
      (end) => end(),
      () => {},
    );
  }
}
