// From the options of a caller to an embedder.

import { abortable } from './abort.js';
import { Embedder } from './embedder.js';
import { Local } from './local.js';
import { compile } from './module.js';
import { checkedSignal, wrong } from './options.js';
import { Pool } from './pool.js';
import { Remote } from './remote.js';

/**
 * What a host adds for embedders.
 * @typedef {object} Host
 * @property {(model: any) => string | undefined} address the address of a file in full, if it has one
 * @property {import('./remote.js').Spawn | undefined} spawn a new worker, where there are any
 * @property {() => import('./module.js').PackageFiles} [files] where the WebAssembly files of the package are, for a host that does not know
 */

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * @param {any} options
 * @param {import('./load.js').Platform & Host} host
 * @returns {Promise<Embedder>}
 */
export async function create(options, host) {
  const { model, wasm, sha256, progress, signal, worker = true, workers = 1, cache = true, ...rest } = options ?? {};
  const [unknown] = Object.keys(rest);
  if (unknown)
    throw wrong(unknown, 'is unknown: there are model, wasm, sha256, progress, signal, worker, workers, cache');
  if (model === undefined) throw wrong('model', 'is missing');
  if (sha256 !== undefined && !SHA256.test(sha256)) throw wrong('sha256', 'must have 64 hexadecimal digits');
  if (progress !== undefined && typeof progress !== 'function') throw wrong('progress', 'must be a function');
  if (!Number.isInteger(workers) || workers < 1) throw wrong('workers', 'must be a whole number from 1 on');
  checkedSignal(signal);
  const load = {
    model: host.address(model) ?? model,
    wasm: wasm instanceof Response ? await compile(wasm, signal) : (host.address(wasm) ?? wasm ?? host.files?.()),
    sha256,
    cache: Boolean(cache),
  };
  const spawn = worker ? host.spawn : undefined;
  const calls = spawn
    ? await shared(spawn, workers, load, progress, signal)
    : await Local.create(load, host, progress, signal);
  try {
    return new Embedder(calls, await abortable(calls.call('info', []), signal));
  } catch (error) {
    calls.dispose();
    throw error;
  }
}

/**
 * Engines in workers.
 * @param {import('./remote.js').Spawn} spawn
 * @param {number} workers
 * @param {import('./load.js').LoadOptions} load
 * @param {(progress: import('../types/common.js').Progress) => void} [progress]
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./embedder.js').Calls>}
 */
async function shared(spawn, workers, load, progress, signal) {
  const first = await Remote.create(spawn, load, progress, signal);
  return workers === 1 ? first : Pool.create(first, workers, spawn, load, signal);
}
