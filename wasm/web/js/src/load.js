// From options to a loaded engine, on the thread where it will run.

import { Entry } from './cache.js';
import { Engine } from './engine.js';
import { ModelError } from './errors.js';
import { download } from './network.js';

/** @typedef {import('../types/common.js').Progress} Progress */
/**
 * What differs between hosts.
 * @typedef {object} Platform
 * @property {(wasm: any, signal?: AbortSignal) => Promise<WebAssembly.Module>} compile a module, without `wasm` one of the package
 * @property {(model: any, signal?: AbortSignal) => import('./source.js').Source} open
 */
/**
 * @typedef {object} LoadOptions
 * @property {any} model
 * @property {any} [wasm]
 * @property {string} [sha256]
 * @property {boolean} cache
 */

/**
 * @param {LoadOptions} options
 * @param {Platform} platform
 * @param {(progress: Progress) => void} [progress]
 * @param {AbortSignal} [signal]
 */
export async function load({ model, wasm, sha256, cache }, platform, progress, signal) {
  const module = await platform.compile(wasm, signal);
  /** @type {Load} */
  const run = (chunks, from, store) => {
    const advance = (/** @type {number} */ loaded, /** @type {number} */ total) =>
      progress?.({ from: from(loaded), loaded, total });
    return Engine.load(module, chunks, { sha256, signal, advance, store });
  };
  const url = cache && typeof model === 'string' && /^https?:/.test(model) ? model : undefined;
  const entry = url && (await Entry.open(url));
  if (!entry) {
    const { from, chunks } = platform.open(model, signal);
    return run(chunks, () => from);
  }
  const kept = (/** @type {boolean} */ mend) => fromCache(entry, sha256, run, mend);
  // Whoever comes second waits for the first to have kept the file.
  return (
    (await kept(false)) ??
    alone(url, signal, async () => (await kept(true)) ?? fromNetwork(entry, url, sha256, run, signal))
  );
}

/**
 * Loads from chunks.
 * @typedef {(
 *   chunks: AsyncIterable<Uint8Array>,
 *   from: (loaded: number) => Progress['from'],
 *   store?: (bytes: Uint8Array, total: number) => Promise<unknown>,
 * ) => Promise<Engine>} Load
 */

/**
 * @param {Entry} entry
 * @param {string | undefined} sha256
 * @param {Load} run
 * @param {boolean} mend whether to drop what is damaged: only for who is alone, as it may be whole again by then
 */
async function fromCache(entry, sha256, run, mend) {
  const pieces = await entry.whole(sha256);
  if (!pieces) return undefined;
  try {
    const engine = await run(entry.read(pieces), () => 'cache');
    engine.cached = true;
    return engine;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // What was kept is damaged: fetch it again.
    if (mend) await entry.drop();
    return undefined;
  }
}

/**
 * @param {Entry} entry
 * @param {string} url
 * @param {string | undefined} sha256
 * @param {Load} run
 * @param {AbortSignal} [signal]
 * @returns {Promise<Engine>}
 */
async function fromNetwork(entry, url, sha256, run, signal) {
  const begun = await entry.begun();
  const { start, etag, chunks } = await download(url, signal, begun);
  if (!start) await entry.drop();
  const pieces = start && begun.pieces;
  let well = true;
  const keep = entry.keeper(pieces, etag);
  try {
    const engine = await run(
      joined(entry.read(pieces), chunks),
      (loaded) => (loaded > start ? 'network' : 'cache'),
      async (bytes, total) => (well = await keep(bytes, total)),
    );
    engine.cached = well && (await entry.finish(engine.length, sha256));
    if (!engine.cached) await entry.drop();
    return engine;
  } catch (error) {
    // A download that was cut off goes on next time, unless the file is none.
    if (!(error instanceof ModelError)) throw error;
    await entry.drop();
    // What was kept of it may be what is wrong.
    if (!start) throw error;
    return fromNetwork(entry, url, sha256, run, signal);
  }
}

/**
 * @param {AsyncIterable<Uint8Array>} first
 * @param {AsyncIterable<Uint8Array>} second
 */
async function* joined(first, second) {
  yield* first;
  yield* second;
}

/**
 * Runs `task` while no other tab or worker does so for the same address, where that can be known.
 * @template T
 * @param {string} url
 * @param {AbortSignal | undefined} signal
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
async function alone(url, signal, task) {
  const locks = globalThis.navigator?.locks;
  return locks ? await locks.request(`minilm-wasm ${url}`, { signal }, task) : task();
}
