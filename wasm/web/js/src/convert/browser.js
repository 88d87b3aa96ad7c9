// The entry for browsers: pages, service workers, extensions.

import { address } from '../source.js';
import { plain } from './source.js';
import { start } from './start.js';
import { web } from './web.js';

export { DownloadError, EngineError, InputError, MinilmError } from '../errors.js';
export { droppedFiles } from './dropped.js';
export { ConvertError } from './errors.js';

/**
 * @param {any} source
 * @param {any} [options]
 */
export function convertModel(source, options) {
  // A service worker has no workers of its own.
  return start(source, options, { ...web, plain, address, spawn: typeof Worker === 'undefined' ? undefined : spawn });
}

/** @type {import('./start.js').Spawn} */
function spawn(job, receive, fail) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = ({ message }) => fail(message ?? 'its program did not load');
  worker.onmessageerror = () => fail('a message of it cannot be read');
  worker.postMessage(job);
  return () => worker.terminate();
}
