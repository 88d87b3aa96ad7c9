// What is measured, seen from the page.

import { clearCache, createEmbedder } from '/npm/src/browser.js';

const model = '/models/all-MiniLM-L6-v2-int8.minilm';
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const texts = (count) =>
  Array.from({ length: count }, (_, index) => `Sentence number ${index} has some words that take a moment.`);

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

/** Loads a model in a worker and encodes 1,000 texts there. */
async function work() {
  // Tells a trace which process is that of this page: Chromium has pages of its own.
  performance.mark('work');
  const embedder = await createEmbedder({ model });
  await embedder.encode(texts(1000));
  embedder.dispose();
}

/** The longest time by which a timer of 4 ms, the least that there is, was late while `run` was under way. */
async function latest(run) {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 4);
    last = now;
  }, 4);
  await run();
  clearInterval(timer);
  return longest;
}

/** How late timers of the page are with a worker at work and, for as long, without. */
async function lateness() {
  const start = performance.now();
  const working = await latest(work);
  const time = performance.now() - start;
  return { working, idle: await latest(() => later(time)) };
}

/** Loads a model and keeps it. */
async function load(clear) {
  if (clear) await clearCache();
  globalThis.embedder = await createEmbedder({ model });
  return globalThis.embedder.info();
}

Object.assign(globalThis, { later, firstVector, throughput, work, lateness, load, ready: true });
