// The entry for browsers with a cache, which Node has not: one in memory stands in for the browser's.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';

import { load, model, serve, SMALL, wasm } from './support.js';

const { clearCache, createEmbedder, isCached } = await load('browser.js');
const bytes = await readFile(model(SMALL));
const sha256 = createHash('sha256').update(bytes).digest('hex');
const module = await WebAssembly.compile(await wasm('simd128'));

class MemoryCache {
  entries = new Map();
  quota = Infinity;

  async match(url) {
    const entry = this.entries.get(url);
    return entry && new Response(entry.body, { headers: entry.headers });
  }

  async put(url, response) {
    const body = await response.bytes?.() ?? new Uint8Array(await response.arrayBuffer());
    if (body.length > this.quota) throw new DOMException('no room', 'QuotaExceededError');
    this.entries.set(url, { body, headers: [...response.headers] });
  }

  async delete(url) {
    return this.entries.delete(url);
  }
}

let cache;
let requests;
beforeEach(() => {
  const caches = new Map();
  cache = new MemoryCache();
  requests = 0;
  globalThis.caches = {
    open: async (name) => caches.get(name) ?? (caches.set(name, cache), cache),
    delete: async (name) => {
      cache.entries.clear();
      return caches.delete(name);
    },
  };
});
afterEach(() => delete globalThis.caches);

const server = (t) =>
  serve(t, (_, response) => {
    requests += 1;
    response.end(bytes);
  });

/** Loads a model: where it came from, and whether it was kept. */
async function loaded(url, options = {}) {
  const from = new Set();
  const progress = (step) => from.add(step.from);
  const embedder = await createEmbedder({ model: url, wasm: module, worker: false, progress, ...options });
  const { cached } = await embedder.info();
  assert.equal((await embedder.encode('a')).dim, 384);
  embedder.dispose();
  return [[...from].join(), cached];
}

test('the second visit needs no network', async (t) => {
  const url = await server(t);
  assert.equal(await isCached(url), false);
  assert.deepEqual(await loaded(url), ['network', true]);
  assert.equal(await isCached(url), true);
  assert.deepEqual(Buffer.compare(cache.entries.get(url).body, bytes), 0);
  assert.deepEqual(await loaded(url), ['cache', true]);
  assert.equal(requests, 1);
  await clearCache(url);
  assert.equal(await isCached(url), false);
  assert.deepEqual(await loaded(url), ['network', true]);
  await clearCache();
  assert.equal(await isCached(url), false);
});

test('an entry is used for its own hash only', async (t) => {
  const url = await server(t);
  await loaded(url);
  assert.equal(await isCached(url, { sha256 }), false);
  assert.deepEqual(await loaded(url, { sha256 }), ['network', true]);
  assert.equal(await isCached(url, { sha256 }), true);
  assert.deepEqual(await loaded(url, { sha256: sha256.toUpperCase() }), ['cache', true]);
  assert.equal(requests, 2);
});

test('a damaged entry is fetched anew', async (t) => {
  const url = await server(t);
  await loaded(url);
  cache.entries.get(url).body = bytes.subarray(0, 1_000_000);
  assert.deepEqual(await loaded(url), ['cache,network', true]);
  assert.deepEqual(await loaded(url), ['cache', true]);
  assert.equal(requests, 2);
});

test('without room or without a cache it works all the same', async (t) => {
  const url = await server(t);
  cache.quota = 1000;
  assert.deepEqual(await loaded(url), ['network', false]);
  globalThis.caches.open = () => Promise.reject(new DOMException('not here', 'SecurityError'));
  assert.deepEqual(await loaded(url), ['network', false]);
  delete globalThis.caches;
  assert.deepEqual(await loaded(url), ['network', false]);
  assert.equal(await isCached(url), false);
  await clearCache();
  assert.equal(requests, 3);
});

test('who wants no cache gets none', async (t) => {
  const url = await server(t);
  assert.deepEqual(await loaded(url, { cache: false }), ['network', false]);
  assert.equal(cache.entries.size, 0);
});
