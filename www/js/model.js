// The model, loaded once and used by every tab.

import { clearCache, createEmbedder, isCached } from '../minilm-wasm/src/browser.js';
import { chosen, forgetOwn } from './own.js';

const LAST = 'model';
let waiting = Promise.withResolvers();
let loading;
/** What is in use: the embedder, and the model as it was described. */
let used;

/** The embedder, as soon as there is one. */
export const embedder = () => waiting.promise;

/** The model that is in use; `undefined` before there is one. */
export const current = () => used?.model;

/** The model to begin with: one that was converted here and chosen, else that of the site. */
export const description = async () => (await chosen()) ?? siteModel();

/** What `minilm www` says of the model: name, url, bytes, sha256. */
export async function siteModel() {
  const response = await fetch('site.json');
  if (!response.ok) throw new Error(`site.json: the server answered ${response.status}`);
  const { model } = await response.json();
  return { ...model, url: new URL(model.url, document.baseURI).href };
}

/** Whether loading needs no network. */
export const isStored = (model) => isCached(model.url);

/**
 * Loads a model, which takes the place of one that is there; gives what is known about it then.
 * @param {(progress: { from: string, loaded: number, total: number }) => void} progress
 */
export async function load(model, progress) {
  const controller = new AbortController();
  loading = controller;
  const created = await createEmbedder({ model: model.blob ?? model.url, progress, signal: controller.signal });
  loading = undefined;
  if (!model.own) await forgetOthers(model.url);
  const before = used;
  used = { embedder: created, model };
  if (before) waiting = Promise.withResolvers();
  waiting.resolve(created);
  if (before) {
    // Whoever has vectors of the model before drops them.
    document.dispatchEvent(new CustomEvent('model-changed'));
    before.embedder.dispose();
  }
  return created.info();
}

/** Ends a download that is under way. */
export const cancel = () => loading?.abort();

/** Further embedders over the same file, for large work. Whoever asks for them disposes of them. */
export async function pool(workers, signal) {
  await embedder();
  return createEmbedder({ model: used.model.blob ?? used.model.url, workers, signal });
}

/** Removes every model file from this device. What is loaded goes on working. */
export async function forget() {
  forgetOwn();
  await clearCache();
}

/** Drops the file that this page used before, if the site has another one now. */
async function forgetOthers(url) {
  try {
    const last = localStorage.getItem(LAST);
    if (last && last !== url) await clearCache(last);
    localStorage.setItem(LAST, url);
  } catch {
    // Without storage there is nothing to forget.
  }
}
