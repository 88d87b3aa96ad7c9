// A model from the Hugging Face hub, or from a mirror of it: its listing says which files there are.

import { DownloadError, InputError } from '../errors.js';
import { checkStatus, request } from '../module.js';
import { body } from '../network.js';
import { wrong } from '../options.js';
import { streamed } from '../source.js';

/** @typedef {{ repo: string, name: string, revision: string, endpoint: string, token?: string }} PlainHub */

// The owner that a bare name belongs to, as sentence-transformers itself has it.
const OWNER = 'sentence-transformers';
const ENDPOINT = 'https://huggingface.co';
// The hub's own rule.
const PART = /^(?![.-])(?!.*(?:--|\.\.))[A-Za-z0-9._-]+$/;

/**
 * @param {any} source
 * @returns {PlainHub}
 */
export function plainHub({ hub, revision = 'main', endpoint = ENDPOINT, token, ...rest }) {
  const [unknown] = Object.keys(rest);
  if (unknown) throw wrong(unknown, 'is unknown: there are hub, revision, endpoint, token');
  const parts = String(hub).split('/');
  const [owner, name] = parts.length === 1 ? [OWNER, ...parts] : parts;
  if (parts.length > 2 || !PART.test(owner) || !PART.test(name)) {
    throw new InputError('invalid-input', `${JSON.stringify(hub)} is no name of a model on the hub: owner/name`);
  }
  if (typeof revision !== 'string' || revision === '') throw wrong('revision', 'must be a branch, a tag or a commit');
  const base =
    URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)
      ? String(endpoint).replace(/\/+$/, '')
      : undefined;
  if (base === undefined) throw wrong('endpoint', 'must be the address of a hub');
  if (token !== undefined && typeof token !== 'string') throw wrong('token', 'must be a string');
  return {
    repo: `${owner}/${name}`,
    name: owner === OWNER ? name : `${owner}/${name}`,
    revision,
    endpoint: base,
    token,
  };
}

/**
 * @param {PlainHub} hub
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./run.js').Files>}
 */
export async function listHub({ repo, name, revision, endpoint, token }, signal) {
  const headers = token ? { authorization: `Bearer ${token}` } : undefined;
  const get = async (/** @type {string} */ url) => {
    const response = await request(url, { headers, signal });
    checkStatus(response);
    return response;
  };
  const at = encodeURIComponent(revision);
  const url = `${endpoint}/api/models/${repo}/revision/${at}?blobs=true`;
  const sizes = sizesOf(await json(await get(url), url), url);
  return {
    phase: 'download',
    name,
    paths: [...sizes.keys()],
    size: (path) => sizes.get(path),
    async *chunks(path) {
      const file = `${endpoint}/${repo}/resolve/${at}/${path.split('/').map(encodeURIComponent).join('/')}`;
      const response = await get(file);
      try {
        yield* streamed(body(response));
      } catch (cause) {
        signal?.throwIfAborted();
        throw new DownloadError('network', `${file} broke off: ${cause}`, { cause });
      }
    },
  };
}

/**
 * @param {Response} response
 * @param {string} url
 */
async function json(response, url) {
  try {
    return await response.json();
  } catch (cause) {
    throw new DownloadError('network', `${url} is no listing of a hub: ${cause}`, { cause });
  }
}

/**
 * The files of a listing with their sizes, where it has them.
 * @param {any} listing
 * @param {string} url
 * @returns {Map<string, number | undefined>}
 */
function sizesOf(listing, url) {
  const files = listing?.siblings;
  if (!Array.isArray(files) || !files.every((file) => typeof file?.rfilename === 'string')) {
    throw new DownloadError('network', `${url} is no listing of a hub: it has no siblings`);
  }
  return new Map(
    files.map(({ rfilename, size }) => [rfilename, Number.isSafeInteger(size) && size >= 0 ? size : undefined]),
  );
}
