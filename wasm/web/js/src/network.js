// A file over HTTP in chunks, taken up where it broke off.

import { DownloadError } from './errors.js';
import { checkStatus, request } from './module.js';

// How often a download is taken up again, and the milliseconds before the first time; each further wait is twice as long.
const RETRIES = 3;
const DELAY = 250;

/**
 * The bytes behind `url`. A connection that breaks is taken up at the byte where it broke, if the server can do that and the file
 * is still the same by its ETag.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Uint8Array, void, void>}
 */
export async function* download(url, signal) {
  let response = await request(url, { signal });
  checkStatus(response);
  const etag = response.headers.get('etag');
  // The ranges of a compressed answer count compressed bytes.
  const resumable = etag !== null && !response.headers.has('content-encoding');
  let received = 0;
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
      if (!resumable || tries === RETRIES) {
        throw new DownloadError('network', `${url} broke off after ${received} bytes: ${error}`, { cause: error });
      }
    } finally {
      // Whoever stops listening ends the download.
      reader.cancel().catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, DELAY * 2 ** tries));
    response = await request(url, { signal, headers: { Range: `bytes=${received}-` } });
    checkStatus(response);
    if (response.status !== 206 || response.headers.get('etag') !== etag) {
      throw new DownloadError('network', `${url} broke off after ${received} bytes, and the server does not go on there`);
    }
  }
}

/**
 * @param {Response} response
 * @returns {ReadableStream<Uint8Array>}
 */
export function body(response) {
  return response.body ?? new Blob([]).stream();
}
