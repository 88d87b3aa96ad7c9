// The package in a page, from its own folder, without a bundler: each check is sent to the server as it ends.

import { clearCache, createEmbedder, DownloadError, isCached, ModelError } from '/npm/src/browser.js';

const MODEL = '/models/slice-L3-of-all-MiniLM-L6-v2-int8.minilm';
const get = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
};
const post = (path, value) => fetch(path, { method: 'POST', body: JSON.stringify(value) });

function equal(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

async function rejects(promise, check) {
  let error;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  if (!error || !check(error)) throw new Error(`found ${error}`);
}

const bits = ({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length);

async function loaded(options) {
  const from = new Set();
  const start = performance.now();
  const embedder = await createEmbedder({ model: MODEL, progress: (step) => from.add(step.from), ...options });
  await embedder.encode('What is a neuron?');
  return { embedder, from: [...from].join(), ms: Math.round(performance.now() - start) };
}

const checks = {
  async 'the second visit comes from the cache'() {
    await clearCache();
    equal(await isCached(MODEL), false);
    const cold = await loaded();
    equal([cold.from, (await cold.embedder.info()).cached, await isCached(MODEL)], ['network', true, true]);
    cold.embedder.dispose();
    // The server no longer gives the file.
    await post('/offline', true);
    try {
      const warm = await loaded();
      equal([warm.from, (await warm.embedder.info()).cached], ['cache', true]);
      warm.embedder.dispose();
      await rejects(createEmbedder({ model: MODEL, cache: false }), (error) => error instanceof DownloadError);
      return `first embedding after ${cold.ms} ms, from the cache after ${warm.ms} ms`;
    } finally {
      await post('/offline', false);
    }
  },

  async 'vectors are those of the native core, to the bit'() {
    const texts = await (await get('/golden/texts.json')).json();
    const expected = bits(new Float32Array(await (await get(MODEL.replace('.minilm', '.vectors'))).arrayBuffer()));
    const report = [];
    for (const options of [{ worker: true }, { worker: false }, { workers: 2 }]) {
      const { embedder } = await loaded(options);
      const found = bits((await embedder.encode(texts)).data);
      equal(found.length, expected.length);
      equal(found.findIndex((value, index) => value !== expected[index]), -1);
      report.push((await embedder.info()).backend);
      embedder.dispose();
    }
    return report.join();
  },

  async 'a worker leaves the page free'() {
    const { embedder } = await loaded();
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    let tasks = 0;
    const supported = PerformanceObserver.supportedEntryTypes.includes('longtask');
    const observer = new PerformanceObserver((list) => (tasks += list.getEntries().length));
    if (supported) observer.observe({ entryTypes: ['longtask'] });
    await embedder.encode(Array(500).fill('A sentence of some words that takes a moment.'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(timer);
    observer.disconnect();
    embedder.dispose();
    equal(tasks, 0);
    return `longest gap between two timers ${longest.toFixed(1)} ms`;
  },

  async 'a signal ends download and call'() {
    const controller = new AbortController();
    const progress = () => controller.abort(new Error('enough'));
    const options = { model: '/slow', signal: controller.signal, progress };
    await rejects(createEmbedder(options), (error) => error.message === 'enough');
    const { embedder } = await loaded();
    const late = AbortSignal.timeout(20);
    await rejects(embedder.encode(Array(5000).fill('words'), { signal: late }), (error) => error.name === 'TimeoutError');
    equal((await embedder.encode('a')).length, 1);
    embedder.dispose();
  },

  async 'files that are none are refused'() {
    for (const worker of [true, false]) {
      const refused = (model, code) =>
        rejects(createEmbedder({ model, worker }), (error) => error instanceof ModelError && error.code === code);
      await refused('/tests/page.html', 'model-invalid');
      await refused(new Blob([new Uint8Array(5)]), 'model-truncated');
      const bytes = new Uint8Array(await (await get(MODEL)).arrayBuffer());
      await refused(bytes.subarray(0, 1_000_000), 'model-truncated');
      bytes[9_000_000] ^= 1;
      await refused(new File([bytes], 'model.minilm'), 'model-checksum');
    }
  },

  async 'two that load at once keep one file'() {
    await clearCache();
    const both = await Promise.all([loaded(), loaded()]);
    for (const { embedder } of both) {
      equal((await embedder.info()).cached, true);
      embedder.dispose();
    }
    equal(await isCached(MODEL), true);
  },

  async 'a service worker computes by itself'() {
    const text = 'What is a neuron?';
    let registration;
    try {
      registration = await navigator.serviceWorker.register('sw.js', { type: 'module' });
    } catch (error) {
      if (navigator.userAgent.includes('Firefox')) return `no service workers of modules: ${error}`;
      throw error;
    }
    const scope = registration.installing ?? registration.waiting ?? registration.active;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    scope.postMessage({ model: MODEL, text }, [port2]);
    const found = await answer;
    await registration.unregister();
    const { embedder } = await loaded();
    equal(Array.from(found), Array.from((await embedder.encode(text)).data));
    embedder.dispose();
    return '';
  },

  async 'a response and a file are models'() {
    for (const worker of [true, false]) {
      for (const model of [await get(MODEL), new File([await (await get(MODEL)).blob()], 'm')]) {
        const { embedder } = await loaded({ model, worker });
        embedder.dispose();
      }
    }
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await post('/result', { name, note: (await check()) ?? '' });
  } catch (error) {
    await post('/result', { name, error: `${error}\n${error?.stack}` });
  }
}
await post('/done', { agent: navigator.userAgent });
