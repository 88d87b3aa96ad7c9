// Workers with an engine, in browsers.

import { started } from './spawn.js';

/** A service worker has no workers of its own. */
export const spawn = typeof Worker === 'undefined' ? undefined : start;

/** @returns {Promise<import('./remote.js').Port>} */
async function start() {
  const worker = await started(
    () => new Worker(new URL('./minilm-worker.js', import.meta.url), { type: 'module' }),
    () => import('./inline/worker.js'),
  );
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(onMessage, onError) {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = ({ message }) => onError(message ?? 'it failed');
      worker.onmessageerror = () => onError('a message of it cannot be read');
    },
    close: () => worker.terminate(),
  };
}
