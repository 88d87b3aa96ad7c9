// What is measured, seen from the page.

import { clearCache, createEmbedder } from '/npm/src/browser.js';

const model = '/models/all-MiniLM-L6-v2-int8.minilm';
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const texts = (count) => Array.from({ length: count }, (_, index) => `Sentence number ${index} has some words that take a moment.`);

/** Milliseconds to the first vector. */
async function firstVector(clear) {
  if (clear) await clearCache();
  const start = performance.now();
  const embedder = await createEmbedder({ model });
  await embedder.encode('How do neural networks work?');
  const time = performance.now() - start;
  embedder.dispose();
  return time;
}

/** Texts a second with one and with two workers, in turn. */
async function throughput(rounds) {
  const embedders = [await createEmbedder({ model, workers: 1 }), await createEmbedder({ model, workers: 2 })];
  const batch = texts(1000);
  const rates = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, embedder] of embedders.entries()) {
      const start = performance.now();
      await embedder.encode(batch);
      // The first round warms up.
      if (round > 0) rates[index].push(batch.length / ((performance.now() - start) / 1000));
    }
  }
  for (const embedder of embedders) embedder.dispose();
  return rates;
}

/** The longest time between two turns of the main thread while `run` is under way. */
async function longestGap(run) {
  const { port1, port2 } = new MessageChannel();
  let longest = 0;
  let last = performance.now();
  let over = false;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) port2.postMessage(0);
  };
  port2.postMessage(0);
  await run();
  over = true;
  return longest;
}

/** Long tasks and gaps of the main thread, with a worker at work and, for as long, without. */
async function blocked() {
  let tasks = 0;
  const supported = PerformanceObserver.supportedEntryTypes.includes('longtask');
  const observer = new PerformanceObserver((list) => (tasks += list.getEntries().length));
  if (supported) observer.observe({ entryTypes: ['longtask'] });
  const start = performance.now();
  const working = await longestGap(async () => {
    const embedder = await createEmbedder({ model });
    await embedder.encode(texts(1000));
    embedder.dispose();
  });
  const time = performance.now() - start;
  await later(100);
  observer.disconnect();
  const idle = await longestGap(() => later(time));
  return { tasks: supported ? tasks : null, working, idle };
}

/** Loads a model and keeps it. */
async function load(clear) {
  if (clear) await clearCache();
  globalThis.embedder = await createEmbedder({ model });
  return globalThis.embedder.info();
}

Object.assign(globalThis, { firstVector, throughput, blocked, load, ready: true });
