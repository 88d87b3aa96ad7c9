// The entry for Node.

import { Worker } from 'node:worker_threads';

import { EngineError } from '../errors.js';
import { EXTERNAL, address } from '../node-host.js';
import { node, plain } from './node-host.js';
import { start } from './start.js';

export { DownloadError, EngineError, InputError, MinilmError } from '../errors.js';
export { ConvertError } from './errors.js';

/**
 * @param {any} source
 * @param {any} [options]
 */
export function convertModel(source, options) {
  return start(source, options, { ...node, plain, address, spawn });
}

/** @type {import('./start.js').Spawn} */
function spawn(job, receive, fail) {
  const { sent, transferList } = portable(job);
  const worker = started(sent, transferList);
  worker.on('message', receive);
  worker.on('error', (/** @type {any} */ { code, message }) => {
    if (/MODULE_NOT_FOUND/.test(code)) fail(`${message}. ${EXTERNAL}`, 'worker');
    else fail(message);
  });
  worker.on('messageerror', (error) => fail(error.message));
  worker.on('exit', (code) => fail(`it ended with code ${code}`));
  return () => void worker.terminate();
}

/**
 * A job whose blobs are streams: Node does not send to workers those that are files on disk.
 * @param {import('./run.js').Job} job
 */
function portable(job) {
  if (!('files' in job.source)) return { sent: job, transferList: [] };
  const files = job.source.files.map(({ path, blob, bytes }) =>
    blob ? { path, stream: blob.stream(), size: blob.size } : { path, bytes },
  );
  const streams = files.flatMap(({ stream }) => (stream ? [/** @type {any} */ (stream)] : []));
  return { sent: { ...job, source: { ...job.source, files } }, transferList: streams };
}

/**
 * @param {any} workerData
 * @param {any[]} transferList
 */
function started(workerData, transferList) {
  try {
    return new Worker(new URL('./node-worker.js', import.meta.url), { workerData, transferList });
  } catch (cause) {
    throw new EngineError('worker', `the worker does not start: ${cause}. ${EXTERNAL}`, { cause });
  }
}
