// The entry for browsers: pages, service workers, extensions.

import { create } from './create.js';
import { address } from './source.js';
import { web } from './web.js';

export * from './api.js';
export { clearCache, isCached } from './cache.js';

// A service worker has no workers of its own.
const spawn = typeof Worker === 'undefined' ? undefined : start;

/** @param {any} options */
export function createEmbedder(options) {
  return create(options, { ...web, address, spawn });
}

/** @returns {import('./remote.js').Port} */
function start() {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(onMessage, onError) {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = ({ message }) => onError(message ?? 'its program did not load');
      worker.onmessageerror = () => onError('a message of it cannot be read');
    },
    close: () => worker.terminate(),
  };
}
