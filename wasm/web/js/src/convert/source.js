// The forms in which a caller may give a model, as plain objects that can be sent to a worker.

import { DownloadError, InputError } from '../errors.js';
import { streamed } from '../source.js';
import { listHub, plainHub } from './hub.js';

/** @typedef {import('./run.js').Files} Files */
/** @typedef {{ path: string, blob?: Blob, bytes?: Uint8Array, stream?: ReadableStream<Uint8Array>, size?: number }} Entry */
/** @typedef {{ name: string, files: Entry[] } | { hub: import('./hub.js').PlainHub } | { directory: string }} PlainSource */

const FORMS = 'the source must be files, { path, blob } or { path, bytes } of a model directory, or { hub }';

// Bytes that are copied at once.
const CHUNK = 1 << 20;

/**
 * @param {any} source
 * @returns {PlainSource}
 */
export function plain(source) {
  if (source?.hub !== undefined) return { hub: plainHub(source) };
  if (typeof source?.[Symbol.iterator] !== 'function' || typeof source === 'string')
    throw new InputError('invalid-input', FORMS);
  return rooted([...source].map(entry));
}

/**
 * @param {any} file
 * @returns {Entry}
 */
function entry(file) {
  if (file instanceof Blob && 'name' in file) {
    const { webkitRelativePath, name } = /** @type {File} */ (file);
    return { path: webkitRelativePath || name, blob: file };
  }
  const { path, blob, bytes } = file ?? {};
  if (typeof path === 'string' && blob instanceof Blob) return { path, blob };
  if (typeof path === 'string' && bytes instanceof ArrayBuffer) return { path, bytes: new Uint8Array(bytes) };
  if (typeof path === 'string' && ArrayBuffer.isView(bytes)) {
    return { path, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  }
  throw new InputError('invalid-input', FORMS);
}

/**
 * Paths relative to the model directory: a folder that is chosen or dropped comes with its own name in front.
 * @param {Entry[]} files
 */
function rooted(files) {
  const paths = files.map(({ path }) => path.replaceAll('\\', '/').replace(/^(\.?\/)+/, ''));
  const [root] = paths[0]?.split('/') ?? [''];
  const shared = paths.length > 0 && paths.every((path) => path.startsWith(`${root}/`));
  const start = shared ? root.length + 1 : 0;
  return {
    name: shared ? root : 'model',
    files: files.map((file, index) => ({ ...file, path: paths[index].slice(start) })),
  };
}

/**
 * @param {PlainSource} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<Files>}
 */
export async function open(source, signal) {
  if ('hub' in source) return listHub(source.hub, signal);
  if ('files' in source) return listed(source.name, source.files);
  throw new InputError('invalid-input', FORMS);
}

/**
 * @param {string} name
 * @param {Entry[]} entries
 * @returns {Files}
 */
function listed(name, entries) {
  const files = new Map(entries.map((file) => [file.path, file]));
  return {
    phase: 'read',
    name,
    paths: [...files.keys()],
    size(path) {
      const { blob, bytes, size } = files.get(path) ?? {};
      return size ?? blob?.size ?? bytes?.length;
    },
    async *chunks(path) {
      const { blob, bytes = new Uint8Array(), stream = blob?.stream() } = files.get(path) ?? {};
      // What was copied into the module is needed no more, if this is a worker's own copy.
      files.delete(path);
      if (!stream) {
        for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
        return;
      }
      try {
        yield* streamed(stream);
      } catch (cause) {
        throw new DownloadError('file', `cannot read ${path}: ${cause}`, { cause });
      }
    },
  };
}
