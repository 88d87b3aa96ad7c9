// A file over HTTP in chunks, taken up where it broke off.

import { DownloadError } from './errors.js';
import { checkStatus, request } from './module.js';

// How often a download is taken up again, and the milliseconds before the first time; each further wait is twice as long.
const RETRIES = 3;
const DELAY = 250;

/**
 * Asks for a file, from byte `length` on if it still is the version `etag`.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @param {{ etag: string | null, length: number }} [begun] what there is of it
 * @returns {Promise<{ start: number, etag: string | null, chunks: AsyncIterable<Uint8Array> }>} the bytes from `start` on, which is 0
 * or `length`, and the version, if it can be asked for again
 */
export async function download(url, signal, { etag, length } = { etag: null, length: 0 }) {
  let response = await request(url, { signal, headers: from(length) });
  const start = goesOn(response, etag) ? length : 0;
  if (!start && length && response.status !== 200) {
    response.body?.cancel().catch(() => {});
    response = await request(url, { signal });
  }
  checkStatus(response);
  // The ranges of a compressed answer count compressed bytes.
  const version = response.headers.has('content-encoding') ? null : response.headers.get('etag');
  return { start, etag: version, chunks: resumed(url, response, start, version, signal) };
}

/**
 * The bytes of an answer. A connection that breaks is taken up at the byte where it broke, if the server can do that and the file
 * is still the same by its ETag.
 * @param {string} url
 * @param {Response} response
 * @param {number} received bytes before it
 * @param {string | null} etag
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Uint8Array, void, void>}
 */
async function* resumed(url, response, received, etag, signal) {
  for (let tries = 0; ; tries += 1) {
    const reader = body(response).getReader();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        received += part.value.length;
        yield part.value;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (etag === null || tries === RETRIES) {
        throw new DownloadError('network', `${url} broke off after ${received} bytes: ${error}`, { cause: error });
      }
    } finally {
      // Whoever stops listening ends the download.
      reader.cancel().catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, DELAY * 2 ** tries));
    response = await request(url, { signal, headers: from(received) });
    checkStatus(response);
    if (!goesOn(response, etag)) {
      throw new DownloadError(
        'network',
        `${url} broke off after ${received} bytes, and the server does not go on there`,
      );
    }
  }
}

/**
 * @param {number} start
 * @returns {Record<string, string>}
 */
const from = (start) => (start ? { Range: `bytes=${start}-` } : {});

/**
 * Whether an answer is the rest of a file that was asked for.
 * @param {Response} response
 * @param {string | null} etag
 */
const goesOn = ({ status, headers }, etag) => status === 206 && etag !== null && headers.get('etag') === etag;

/**
 * @param {Response} response
 * @returns {ReadableStream<Uint8Array>}
 */
export function body(response) {
  return response.body ?? new Blob([]).stream();
}
