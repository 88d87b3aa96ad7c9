// The package in a page, from its own folder, without a bundler: the tests call what they need.

import * as minilm from '/npm/src/browser.js';
import { PIECE } from '/npm/src/cache.js';

const MODEL = '/models/paraphrase-MiniLM-L3-v2-int8.minilm';

// What a debugger calls may use `eval` until it first waits.
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Loads a model: where the file came from, and whether it is in the cache, and the vector of a text. */
async function visit(options) {
  await turn();
  const progress = [];
  const embedder = await minilm.createEmbedder({ model: MODEL, progress: (step) => progress.push(step), ...options });
  const vector = Array.from((await embedder.encode('Hello, World!')).data);
  const { cached } = await embedder.info();
  embedder.dispose();
  return { from: [...new Set(progress.map(({ from }) => from))].join(), cached, vector, progress };
}

/** Waits until the cache has so many pieces of a model, whole ones. */
async function kept(pieces) {
  const cache = await caches.open('minilm-wasm-1');
  const whole = async (request) => (await (await cache.match(request)).blob()).size === PIECE;
  const count = async () => (await Promise.all((await cache.keys()).map(whole))).filter(Boolean).length;
  while ((await count()) < pieces) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What a promise is rejected with, as far as it can be sent. */
const refusal = (promise) =>
  promise.then(
    () => 'it was not refused',
    ({ name, code, message }) => ({ name, code, message }),
  );

Object.assign(globalThis, { turn, MODEL, minilm, visit, kept, refusal, ready: true });
