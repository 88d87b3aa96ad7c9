// The entry for Node.

import { Worker } from 'node:worker_threads';

import { create } from './create.js';
import { address, node } from './node-host.js';

export * from './api.js';

/** @param {any} options */
export function createEmbedder(options) {
  return create(options, { ...node, address, spawn });
}

/** @returns {import('./remote.js').Port} */
function spawn() {
  const worker = new Worker(new URL('./node-worker.js', import.meta.url));
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
