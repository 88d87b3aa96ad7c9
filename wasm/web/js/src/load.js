// From options to a loaded engine, on the thread where it will run.

import { find, drop, keep } from './cache.js';
import { Engine } from './engine.js';
import { ModelError } from './errors.js';
import { body } from './network.js';
import { streamed } from './source.js';

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
  /** @param {Progress['from']} from @returns {(loaded: number, total: number) => void} */
  const advance = (from) => (loaded, total) => progress?.({ from, loaded, total });
  const url = cache && typeof model === 'string' && /^https?:/.test(model) ? model : undefined;
  const kept = url && (await find(url, sha256));
  if (kept) {
    try {
      const engine = await Engine.load(module, streamed(body(kept)), { signal, sha256, advance: advance('cache') });
      engine.cached = true;
      return engine;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      // What was kept is damaged: fetch it again.
      await drop(url);
    }
  }
  const { from, chunks } = platform.open(model, signal);
  const engine = await Engine.load(module, chunks, { signal, sha256, advance: advance(from) });
  if (url) engine.cached = await keep(url, sha256, engine);
  return engine;
}
