// Model files in the Cache API, one entry for each address.

import { address } from './source.js';

// The number is that of the packed format: what another version cannot read is not found.
const NAME = 'minilm-wasm-1';
const SHA256 = 'x-minilm-sha256';
const CHUNK = 1 << 20;

/**
 * The cache; `undefined` where there is none, as on insecure pages, or where it may not be used.
 * @returns {Promise<Cache | undefined>}
 */
async function opened() {
  try {
    return await globalThis.caches?.open(NAME);
  } catch {
    return undefined;
  }
}

/**
 * The kept file of an address, with the SHA-256 where one is asked for.
 * @param {string} url
 * @param {string} [sha256]
 * @returns {Promise<Response | undefined>}
 */
export async function find(url, sha256) {
  const kept = await (await opened())?.match(url);
  if (!kept || (sha256 && kept.headers.get(SHA256) !== sha256.toLowerCase())) return undefined;
  return kept;
}

/**
 * Keeps a file. Returns whether that went well: the quota may be used up, or the address one that caches do not take.
 * @param {string} url
 * @param {string | undefined} sha256 checked before
 * @param {{ length: number, read: (start: number, length: number) => Uint8Array }} file
 * @returns {Promise<boolean>}
 */
export async function keep(url, sha256, file) {
  const cache = await opened();
  if (!cache) return false;
  let start = 0;
  const stream = new ReadableStream(
    {
      pull(controller) {
        const chunk = file.read(start, CHUNK);
        start += chunk.length;
        if (chunk.length > 0) controller.enqueue(chunk);
        if (start >= file.length) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/octet-stream', 'content-length': `${file.length}` };
  if (sha256) headers[SHA256] = sha256.toLowerCase();
  try {
    await cache.put(url, new Response(stream, { headers }));
    return true;
  } catch {
    return false;
  }
}

/**
 * Drops the kept file of an address.
 * @param {string} url
 */
export async function drop(url) {
  await (await opened())?.delete(url);
}

/**
 * Whether the model file of an address is in the cache, with the SHA-256 where one is given: `createEmbedder` then needs no network.
 * @param {string | URL} model
 * @param {{ sha256?: string }} [options]
 */
export async function isCached(model, { sha256 } = {}) {
  const url = address(model);
  return url !== undefined && (await find(url, sha256)) !== undefined;
}

/**
 * Empties the cache of model files, or drops the file of one address.
 * @param {string | URL} [model]
 */
export async function clearCache(model) {
  const url = address(model);
  if (url !== undefined) await drop(url);
  else if (model === undefined) await globalThis.caches?.delete(NAME);
}
