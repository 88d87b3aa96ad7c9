// Models that were converted in this page. The cache of the npm package keeps their files, under addresses that no server has.

import { isCached } from '../minilm-wasm/src/browser.js';
import { Entry } from '../minilm-wasm/src/cache.js';

const LIST = 'own-models';
const CHOSEN = 'own-model';

/** @typedef {{ own: true, name: string, precision: string, url: string, bytes: number, blob?: Blob }} OwnModel */

/** Those that there was no room for: they last as long as the page. */
const inMemory = new Map();

/** All of them, by name. */
export function ownModels() {
  return [...list(), ...inMemory.values()].sort(
    (a, b) => a.name.localeCompare(b.name) || a.precision.localeCompare(b.precision),
  );
}

/**
 * Keeps a packed file; gives the model, with its content where there was no room for it.
 * @param {Uint8Array} bytes
 * @param {{ name: string, precision: string }} info
 * @returns {Promise<OwnModel>}
 */
export async function keep(bytes, { name, precision }) {
  const url = new URL(`models/own/${encodeURIComponent(name)}-${precision}.minilm`, document.baseURI).href;
  await drop(url);
  const model = { own: true, name, precision, url, bytes: bytes.length };
  const entry = await Entry.open(url);
  const well = entry && (await entry.keeper(0, null)(bytes, bytes.length)) && (await entry.finish(bytes.length));
  if (well && store(LIST, JSON.stringify([...list(), model]))) return model;
  await entry?.drop();
  inMemory.set(url, { ...model, blob: new Blob([bytes]) });
  return inMemory.get(url);
}

/** Drops a model from this device. */
export async function drop(url) {
  inMemory.delete(url);
  store(LIST, JSON.stringify(list().filter((model) => model.url !== url)));
  await (await Entry.open(url))?.drop();
}

/** Forgets which there are; their files are those of the whole cache. */
export function forgetOwn() {
  inMemory.clear();
  store(LIST, '[]');
  choose();
}

/** The packed file of a model. */
export async function fileOf({ url, blob }) {
  if (blob) return blob;
  const entry = await Entry.open(url);
  const pieces = [];
  for await (const piece of entry.read(await entry.whole())) pieces.push(piece);
  return new Blob(pieces);
}

/** Remembers which of them the page is to use, without an address that of its site. */
export const choose = (url = '') => store(CHOSEN, url);

/** The model that was chosen, if it is still here. */
export async function chosen() {
  const model = ownModels().find(({ url }) => url === stored(CHOSEN));
  return model && (model.blob || (await isCached(model.url))) ? model : undefined;
}

const list = () => JSON.parse(stored(LIST) ?? '[]');

// Storage can be forbidden.
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
