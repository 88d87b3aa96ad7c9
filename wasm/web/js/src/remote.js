// An engine in a worker, seen from the thread that started it.

import { abortable } from './abort.js';
import { EngineError, fromFault } from './errors.js';
import { checkStatus } from './module.js';

/**
 * A worker, whatever kind.
 * @typedef {object} Port
 * @property {(message: object, transfer: Transferable[]) => void} post
 * @property {(onMessage: (message: any) => void, onError: (message: string) => void) => void} listen
 * @property {() => void} close
 * @property {(busy: boolean) => void} [hold] whether it keeps the process alive
 */
/** @typedef {() => Port | Promise<Port>} Spawn starts a worker, whose program runs or soon will */

export class Remote {
  /** @type {Port} */
  #port;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
  #pending = new Map();
  #id = 0;
  /** @type {((progress: import('../types/common.js').Progress) => void) | undefined} */
  #progress;
  /** @type {EngineError | undefined} why it can take no calls */
  #ended;
  /** One call is computed while the next one is on its way. */
  lanes = 2;

  /**
   * @param {Port} port
   * @param {(progress: import('../types/common.js').Progress) => void} [progress]
   */
  constructor(port, progress) {
    this.#port = port;
    this.#progress = progress;
    port.listen(
      (message) => this.#receive(message),
      (message) => this.#end(new EngineError('engine', `the worker stopped: ${message}`)),
    );
    port.hold?.(false);
  }

  /**
   * @param {Spawn} spawn
   * @param {import('./load.js').LoadOptions} options
   * @param {(progress: import('../types/common.js').Progress) => void} [progress]
   * @param {AbortSignal} [signal]
   */
  static async create(spawn, options, progress, signal) {
    const starting = Promise.resolve(spawn());
    const port = await abortable(starting, signal).catch((error) => {
      // A worker that starts after all is not wanted any more.
      starting.then(
        (late) => late.close(),
        () => {},
      );
      throw error;
    });
    const remote = new Remote(port, progress);
    try {
      const { model, transfer } = await portable(options.model);
      await abortable(remote.call('load', [{ ...options, model }], transfer), signal);
      return remote;
    } catch (error) {
      remote.dispose();
      throw error;
    }
  }

  /**
   * @param {string} method one of the methods of `Engine`
   * @param {unknown[]} args
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  call(method, args, transfer = []) {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      this.#port.post({ id, method, args }, transfer);
      this.#pending.set(id, { resolve, reject });
      this.#port.hold?.(true);
    });
  }

  dispose() {
    this.#end(new EngineError('disposed', 'the embedder was disposed of'));
  }

  /** @param {any} message */
  #receive({ id, value, fault, progress }) {
    if (progress) return this.#progress?.(progress);
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#port.hold?.(false);
    if (fault) waiting?.reject(fromFault(fault));
    else waiting?.resolve(value);
  }

  /** @param {EngineError} reason */
  #end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#port.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

/**
 * A model as something that can be sent to a worker.
 * @param {any} model
 * @returns {Promise<{ model: any, transfer: Transferable[] }>}
 */
async function portable(model) {
  if (!(model instanceof Response)) return { model, transfer: [] };
  checkStatus(model);
  const stream = model.body;
  if (stream && streamsMove()) return { model: { stream }, transfer: [/** @type {any} */ (stream)] };
  return { model: await model.blob(), transfer: [] };
}

/** Whether this engine can hand a stream to a worker. */
function streamsMove() {
  const { port1 } = new MessageChannel();
  const stream = new ReadableStream();
  try {
    port1.postMessage(stream, [/** @type {any} */ (stream)]);
    return true;
  } catch {
    return false;
  } finally {
    port1.close();
  }
}
