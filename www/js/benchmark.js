// The tab Benchmark: how long a text takes, by its length.

import { byId, element, isAbort, milliseconds, number } from './dom.js';
import { drawTimes } from './chart.js';
import { embedder } from './model.js';

const LENGTHS = [8, 16, 32, 64, 128, 256, 512];
// At least so many runs of a length, and more while there is time.
const LEAST_RUNS = 9;
const MOST_RUNS = 60;
const BUDGET = 900;
const WARM_UP = 3;
// One token, which makes texts of any length.
const WORD = 'river';

const button = byId('bench-start');
const cancel = byId('bench-cancel');
const bar = byId('bench-progress');
const status = byId('bench-status');
let running;

export function start() {
  button.addEventListener('click', run);
  cancel.addEventListener('click', () => running?.abort());
  document.addEventListener('model-changed', () => running?.abort());
}

async function run() {
  running = new AbortController();
  button.disabled = true;
  cancel.hidden = false;
  try {
    status.textContent = 'Waiting for the model…';
    const model = await embedder();
    const info = await model.info();
    const lengths = LENGTHS.filter((length) => length <= info.maxSeqLength);
    const results = [];
    for (const [index, length] of lengths.entries()) {
      status.textContent = `${length} tokens…`;
      results.push(await time(model, length, running.signal));
      byId('bench-results').hidden = false;
      bar.value = (index + 1) / lengths.length;
      table(results);
      drawTimes(byId('bench-chart'), results);
    }
    status.textContent = `${info.name}, ${info.backend}, one worker.`;
  } catch (error) {
    status.textContent = isAbort(error) ? 'Cancelled.' : error.message;
  } finally {
    button.disabled = false;
    cancel.hidden = true;
  }
}

async function time(model, length, signal) {
  // [CLS] and [SEP] are tokens too.
  const text = Array(length - 2)
    .fill(WORD)
    .join(' ');
  let tokens = 0;
  for (let round = 0; round < WARM_UP; round += 1) tokens = (await model.encode(text, { signal })).tokens[0];
  const times = [];
  const begin = performance.now();
  while (times.length < LEAST_RUNS || (performance.now() - begin < BUDGET && times.length < MOST_RUNS)) {
    signal.throwIfAborted();
    const start = performance.now();
    await model.encode(text, { signal });
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.round(share * (times.length - 1))];
  return { tokens, runs: times.length, low: quantile(0.25), median: quantile(0.5), high: quantile(0.75) };
}

function table(results) {
  const head = ['Tokens', 'Median', 'Middle half', 'Tokens/s'].map((name) => element('th', { scope: 'col' }, name));
  const rows = results.map(({ tokens, low, median, high }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, `${tokens}`),
      element('td', {}, milliseconds(median)),
      element('td', {}, `${number(low, 1)}–${number(high, 1)}`),
      element('td', {}, number(tokens / (median / 1000))),
    ),
  );
  byId('bench-table').replaceChildren(element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
}
