// The entry for browsers: pages, service workers, extensions.

import { compile } from '../module.js';
import { address } from '../source.js';
import { started } from '../spawn.js';
import { files } from './files.js';
import { open, plain } from './source.js';
import { start } from './start.js';

export { DownloadError, EngineError, InputError, MinilmError } from '../errors.js';
export { droppedFiles } from './dropped.js';
export { ConvertError } from './errors.js';

/**
 * @param {any} source
 * @param {any} [options]
 */
export function convertModel(source, options) {
  // A service worker has no workers of its own.
  return start(source, options, {
    compile,
    open,
    plain,
    address,
    files,
    spawn: typeof Worker === 'undefined' ? undefined : spawn,
  });
}

/** @type {import('./start.js').Spawn} */
async function spawn(job, receive, fail) {
  const worker = await started(
    () => new Worker(new URL('./minilm-convert-worker.js', import.meta.url), { type: 'module' }),
    () => import('../inline/convert-worker.js'),
  );
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = ({ message }) => fail(message ?? 'it failed');
  worker.onmessageerror = () => fail('a message of it cannot be read');
  worker.postMessage(job);
  return () => worker.terminate();
}
