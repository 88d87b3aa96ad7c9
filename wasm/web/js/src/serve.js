// The side of the worker: loads one engine and answers calls.

import { toFault } from './errors.js';
import { load } from './load.js';

/**
 * @param {(message: object, transfer: Transferable[]) => void} post
 * @param {import('./load.js').Platform} platform
 * @returns {(message: any) => Promise<void>} takes a message
 */
export function serve(post, platform) {
  /** @type {import('./engine.js').Engine | undefined} */
  let engine;
  return async ({ id, method, args }) => {
    try {
      let value;
      if (method === 'load') engine = await load(args[0], platform, (progress) => post({ progress }, []));
      else value = /** @type {any} */ (engine)[method](...args);
      post({ id, value }, buffers(value));
    } catch (error) {
      post({ id, fault: toFault(error) }, []);
    }
  };
}

/**
 * What of a result need not be copied.
 * @param {any} value
 * @returns {Transferable[]}
 */
function buffers(value) {
  const arrays = [value, value?.data, value?.tokens].filter((array) => ArrayBuffer.isView(array));
  return arrays.map((array) => /** @type {ArrayBuffer} */ (array.buffer));
}
