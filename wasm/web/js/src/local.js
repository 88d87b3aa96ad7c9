// An engine on the thread of the caller.

import { EngineError } from './errors.js';
import { load } from './load.js';

export class Local {
  /** @type {import('./engine.js').Engine | undefined} */
  #engine;
  /** Calls that are worth having under way at once. */
  lanes = 1;

  /** @param {import('./engine.js').Engine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  /**
   * @param {import('./load.js').LoadOptions} options
   * @param {import('./load.js').Platform} platform
   * @param {(progress: import('../types/common.js').Progress) => void} [progress]
   * @param {AbortSignal} [signal]
   */
  static async create(options, platform, progress, signal) {
    return new Local(await load(options, platform, progress, signal));
  }

  /**
   * @param {string} method one of the methods of `Engine`
   * @param {unknown[]} args
   */
  async call(method, args) {
    if (!this.#engine) throw new EngineError('disposed', 'the embedder was disposed of');
    return /** @type {any} */ (this.#engine)[method](...args);
  }

  /** Lets the thread see to its other events: calls hold it. */
  turn() {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  dispose() {
    this.#engine = undefined;
  }
}
