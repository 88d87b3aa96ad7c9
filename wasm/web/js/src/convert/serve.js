// The side of the worker: one conversion.

import { toFault } from '../errors.js';
import { run } from './run.js';

/**
 * @param {import('./run.js').Job} job
 * @param {import('./run.js').Platform} platform
 * @param {(message: object, transfer: Transferable[]) => void} post
 */
export async function serve(job, platform, post) {
  try {
    const value = await run(job, platform, (progress) => post({ progress }, []));
    post({ value }, [/** @type {ArrayBuffer} */ (value.bytes.buffer)]);
  } catch (error) {
    post({ fault: toFault(error) }, []);
  }
}
