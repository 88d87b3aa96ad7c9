// Workers in browsers. A worker starts from an address of the page's own origin only, and only where its program was put there: pages
// take the package from other origins, and some bundlers leave the program behind. So there is a second way, by a copy of the program
// that comes like any other module.

import { EngineError } from './errors.js';

/**
 * A worker whose program runs.
 * @param {() => Worker} open starts it from its address
 * @param {() => Promise<{ program: string }>} copy its program in one script
 * @returns {Promise<Worker>}
 */
export async function started(open, copy) {
  try {
    return await running(open());
  } catch (first) {
    try {
      return await fromText((await copy()).program);
    } catch (second) {
      const reasons = `from its address: ${first}; from a blob: ${second}`;
      const remedy =
        'Let the content security policy have `worker-src blob:`, or compute on the calling thread by `worker: false`';
      throw new EngineError('worker', `the worker does not start (${reasons}). ${remedy}`, { cause: first });
    }
  }
}

/** @param {string} program */
async function fromText(program) {
  const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
  try {
    return await running(new Worker(url));
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Waits for the first message of a worker, which says that its program runs.
 * @param {Worker} worker
 * @returns {Promise<Worker>}
 */
function running(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error(event.message || 'its program did not load'));
    };
  });
}
