// Model files in the Cache API. A file is kept in pieces, as they arrive, and an entry of its own says in the end that it is whole
// and was checked. Pieces without it are what a download left that was cut off: the next one goes on there.

import { address } from './source.js';

// The number is that of the packed format: what another version cannot read is not found.
const NAME = 'minilm-wasm-1';
const SHA256 = 'x-minilm-sha256';
const PIECES = 'x-minilm-pieces';
const ETAG = 'etag';

/** Bytes of a piece; the last one of a file may be shorter. */
export const PIECE = 1 << 21;

/** What is kept of the file of an address. */
export class Entry {
  #cache;
  #url;

  /**
   * @param {Cache} cache
   * @param {string} url
   */
  constructor(cache, url) {
    this.#cache = cache;
    this.#url = url;
  }

  /**
   * `undefined` where there is no cache, as on insecure pages, or where it may not be used.
   * @param {string} url
   */
  static async open(url) {
    try {
      const cache = await globalThis.caches?.open(NAME);
      return cache && new Entry(cache, url);
    } catch {
      return undefined;
    }
  }

  /**
   * Number of pieces of the file, if it is whole and has the SHA-256 where one is asked for; otherwise 0.
   * @param {string} [sha256]
   */
  async whole(sha256) {
    const { headers } = (await this.#cache.match(this.#url)) ?? {};
    return !headers || (sha256 && headers.get(SHA256) !== sha256.toLowerCase()) ? 0 : Number(headers.get(PIECES));
  }

  /** What a download left: pieces in a row, and the version of the file that they are of. */
  async begun() {
    const first = await this.#cache.match(this.#piece(0));
    const etag = first?.headers.get(ETAG) ?? null;
    let pieces = 0;
    for (
      let piece = first;
      etag && piece?.headers.get(ETAG) === etag;
      piece = await this.#cache.match(this.#piece(pieces))
    ) {
      // A tab that is closed while it writes a piece can leave the first part of it behind: Firefox does.
      if ((await piece.blob()).size !== PIECE) break;
      pieces += 1;
    }
    return { etag, pieces, length: pieces * PIECE };
  }

  /** @param {number} pieces */
  async *read(pieces) {
    for (let index = 0; index < pieces; index += 1) {
      const piece = await this.#cache.match(this.#piece(index));
      if (piece) yield new Uint8Array(await piece.arrayBuffer());
    }
  }

  /**
   * What keeps a file from its piece number `pieces` on. It is given all bytes that there are by now, and tells whether all went
   * well so far: the quota may be used up, or the address one that caches do not take.
   * @param {number} pieces
   * @param {string | null} etag of the version of the file, if a later download may go on with it
   */
  keeper(pieces, etag) {
    let well = true;
    return async (/** @type {Uint8Array} */ bytes, /** @type {number} */ total) => {
      for (let start = pieces * PIECE; well && start < bytes.length; start = pieces * PIECE) {
        if (bytes.length < Math.min(start + PIECE, total)) break;
        const piece = bytes.subarray(start, start + PIECE);
        well = await this.#put(this.#piece(pieces), piece, etag ? { [ETAG]: etag } : {});
        pieces += 1;
      }
      return well;
    };
  }

  /**
   * Says that the file is whole, after it was checked: whether that went well.
   * @param {number} length
   * @param {string} [sha256]
   */
  finish(length, sha256) {
    const pieces = `${Math.ceil(length / PIECE)}`;
    return this.#put(this.#url, undefined, { [PIECES]: pieces, ...(sha256 && { [SHA256]: sha256.toLowerCase() }) });
  }

  /** Drops all of it. */
  async drop() {
    await this.#cache.delete(this.#url);
    const prefix = this.#piece('');
    for (const { url } of await this.#cache.keys()) if (url.startsWith(prefix)) await this.#cache.delete(url);
  }

  /** @param {number | ''} index */
  #piece(index) {
    const url = new URL(this.#url);
    url.hash = '';
    url.searchParams.append('minilm-piece', `${index}`);
    return url.href;
  }

  /**
   * @param {string} url
   * @param {Uint8Array | undefined} bytes
   * @param {Record<string, string>} headers
   */
  async #put(url, bytes, headers) {
    try {
      await this.#cache.put(url, new Response(/** @type {any} */ (bytes), { headers }));
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Whether the model file of an address is in the cache, with the SHA-256 where one is given: `createEmbedder` then needs no network.
 * @param {string | URL} model
 * @param {{ sha256?: string }} [options]
 */
export async function isCached(model, { sha256 } = {}) {
  const url = address(model);
  return Boolean(url && (await (await Entry.open(url))?.whole(sha256)));
}

/**
 * Empties the cache of model files, or drops the file of one address.
 * @param {string | URL} [model]
 */
export async function clearCache(model) {
  const url = address(model);
  if (url !== undefined) await (await Entry.open(url))?.drop();
  else if (model === undefined) await globalThis.caches?.delete(NAME);
}
