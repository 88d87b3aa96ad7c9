// The entry for Node.

import { Worker } from 'node:worker_threads';

import { create } from './create.js';
import { EngineError } from './errors.js';
import { EXTERNAL, address, node } from './node-host.js';

export * from './api.js';

/** @param {any} options */
export function createEmbedder(options) {
  return create(options, { ...node, address, spawn });
}

/** @returns {Promise<import('./remote.js').Port>} */
async function spawn() {
  const worker = await started();
  return {
    post: (message, transfer) => worker.postMessage(message, /** @type {any} */ (transfer)),
    listen(onMessage, onError) {
      worker.on('message', onMessage);
      worker.on('error', (error) => onError(error.message));
      worker.on('messageerror', (error) => onError(error.message));
      worker.on('exit', (code) => onError(`it ended with code ${code}`));
    },
    close: () => void worker.terminate(),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
  };
}

/** @returns {Promise<Worker>} a worker whose program runs */
async function started() {
  try {
    return await new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./node-worker.js', import.meta.url));
      worker.once('message', () => resolve(worker));
      worker.once('error', reject);
    });
  } catch (cause) {
    throw new EngineError('worker', `the worker does not start: ${cause}. ${EXTERNAL}`, { cause });
  }
}
