// The model, loaded once and used by every tab.

import { clearCache, createEmbedder, isCached } from '../minilm-wasm/src/browser.js';

const LAST = 'model';
let waiting = Promise.withResolvers();
let loading;

/** The embedder, as soon as there is one. */
export const embedder = () => waiting.promise;

/** What `minilm www` says of the model: name, url, bytes, sha256. */
export async function description() {
  const response = await fetch('site.json');
  if (!response.ok) throw new Error(`site.json: the server answered ${response.status}`);
  const { model } = await response.json();
  return { ...model, url: new URL(model.url, document.baseURI).href };
}

/** Whether loading needs no network. */
export const isStored = (model) => isCached(model.url);

/**
 * Loads the model; gives what is known about it then.
 * @param {(progress: { from: string, loaded: number, total: number }) => void} progress
 */
export async function load(model, progress) {
  const controller = new AbortController();
  loading = controller;
  const created = await createEmbedder({ model: model.url, progress, signal: controller.signal });
  loading = undefined;
  await forgetOthers(model.url);
  waiting.resolve(created);
  return created.info();
}

/** Ends a download that is under way. */
export const cancel = () => loading?.abort();

/** Further embedders over the same file, for large work. Whoever asks for them disposes of them. */
export async function pool(workers, signal) {
  const { url } = await description();
  return createEmbedder({ model: url, workers, signal });
}

/** Removes every model file from this device. What is loaded goes on working. */
export const forget = () => clearCache();

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
