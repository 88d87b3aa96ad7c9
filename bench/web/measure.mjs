// Figures of the npm package in real browsers: medians, nothing is asserted. bench/README.md has the command.

import { ready } from '../../wasm/web/tests/browser/driver.js';
import { launch } from '../../wasm/web/tests/browser/launch.js';
import { memoryOf } from '../../wasm/web/tests/browser/processes.js';
import { start } from '../../wasm/web/tests/browser/server.js';

const { MINILM_CHROMIUM, MINILM_FIREFOX } = process.env;
const ROUNDS = 7;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const round = (value, digits = 0) => Number(value.toFixed(digits));

async function opened(kind) {
  const server = await start();
  const browser = await launch(kind);
  const visit = async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}/bench/page.html`);
    await ready(page);
    return page;
  };
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { server, browser, visit, close };
}

/** Milliseconds from the call of `createEmbedder` to the first vector: file from the server of this machine, file from the cache. */
async function firstVector(kind) {
  const { visit, close } = await opened(kind);
  const cold = [];
  const cached = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    for (const times of [cold, cached]) {
      // A page of its own each time: nothing is compiled or loaded yet.
      const page = await visit();
      times.push(await page.evaluate((clear) => firstVector(clear), times === cold));
      await page.close();
    }
  }
  await close();
  return { cold: round(median(cold)), cached: round(median(cached)) };
}

/** Texts a second of one and two workers in turn. */
async function pool(kind) {
  const { visit, close } = await opened(kind);
  const page = await visit();
  const rates = await page.evaluate((rounds) => throughput(rounds), ROUNDS);
  await close();
  const [one, two] = rates.map((values) => round(median(values)));
  const ratios = rates[0].map((rate, index) => rates[1][index] / rate);
  return { one, two, ratio: round(median(ratios), 2) };
}

/**
 * What the main thread feels of a worker that loads and encodes 1,000 texts, in milliseconds: in Chromium the longest task of each round
 * by the clock and by the processor, in Firefox how late a timer was, with and without a worker at work.
 */
async function free(kind) {
  const { visit, close } = await opened(kind);
  const rounds = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    const page = await visit();
    if (kind === 'chromium') {
      await page.tracing.start({ categories: ['toplevel', 'blink.user_timing'] });
      await page.evaluate(() => work());
      const { dur, tdur } = longestTask(JSON.parse(new TextDecoder().decode(await page.tracing.stop())).traceEvents);
      rounds.push({ task: round(dur / 1000, 1), processor: round(tdur / 1000, 1) });
    } else {
      const { working, idle } = await page.evaluate(() => lateness());
      rounds.push({ working: round(working, 1), idle: round(idle, 1) });
    }
    await page.close();
  }
  await close();
  return Object.fromEntries(
    Object.keys(rounds[0]).map((name) => [name, rounds.map((one) => one[name]).sort((a, b) => a - b)]),
  );
}

/** @param {any[]} events of a trace, with the mark of the page's main thread */
function longestTask(events) {
  const { pid, tid } = events.find(({ name, cat }) => name === 'work' && cat === 'blink.user_timing');
  const tasks = events.filter(
    (event) => event.ph === 'X' && event.name.endsWith('RunTask') && event.pid === pid && event.tid === tid,
  );
  return tasks.reduce((longest, task) => (task.dur > longest.dur ? task : longest));
}

/** Memory in MB: the file, that of the module, and what all processes of the browser gain, at most while loading and afterwards. */
async function memory(kind) {
  const { browser, visit, close } = await opened(kind);
  const result = {};
  for (const [name, clear] of [
    ['cold', true],
    ['cached', false],
  ]) {
    const page = await visit();
    await page.evaluate(() => later(2000));
    const before = await memoryOf(browser.process().pid);
    let peak = before;
    let over = false;
    const sampling = (async () => {
      while (!over) peak = Math.max(peak, await memoryOf(browser.process().pid));
    })();
    const { fileBytes, memoryBytes } = await page.evaluate((clear) => load(clear), clear);
    over = true;
    await sampling;
    await page.evaluate(() => later(3000));
    const after = await memoryOf(browser.process().pid);
    const [file, module, most, kept] = [fileBytes, memoryBytes, peak - before, after - before].map((bytes) =>
      round(bytes / 1e6, 1),
    );
    result[name] = { file, module, most, kept };
    await page.close();
  }
  await close();
  return result;
}

const figures = { firstVector, pool, free, memory };
const wanted = process.argv.slice(2);
for (const [kind, program] of [
  ['chromium', MINILM_CHROMIUM],
  ['firefox', MINILM_FIREFOX],
]) {
  if (!program) continue;
  for (const [name, measure] of Object.entries(figures)) {
    if (wanted.length === 0 || wanted.includes(name)) console.log(kind, name, JSON.stringify(await measure(kind)));
  }
}
