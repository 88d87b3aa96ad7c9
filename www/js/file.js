// The tab File: a column of texts in, vectors out.

import { byId, element, isAbort, milliseconds, number, plural } from './dom.js';
import { onFile } from './drop.js';
import { embedder, pool } from './model.js';
import { json, npy } from './npy.js';
import { longestColumn, read } from './table.js';

const PREVIEW = 5;
// Below this it is not worth loading more workers, each with a model.
const LEAST_FOR_POOL = 1000;
const MOST_WORKERS = 4;

const failure = byId('file-error');
const work = byId('file-work');
const column = byId('file-column');
const header = byId('file-header');
const button = byId('file-start');
const cancel = byId('file-cancel');
const bar = byId('file-progress');
const status = byId('file-status');
const links = { npy: byId('file-npy'), json: byId('file-json') };

let file;
let running;

export function start() {
  onFile(byId('drop'), byId('file-input'), open);
  column.addEventListener('change', preview);
  header.addEventListener('change', () => {
    listColumns(Number(column.value));
    preview();
  });
  button.addEventListener('click', run);
  cancel.addEventListener('click', () => running?.abort());
  document.addEventListener('model-changed', () => {
    stop();
    reset();
    button.disabled = false;
  });
}

async function open(chosen) {
  stop();
  failure.hidden = true;
  work.hidden = true;
  try {
    file = { name: chosen.name, ...(await read(chosen)) };
    header.parentElement.hidden = !file.isTable;
    header.checked = file.isTable;
    listColumns(longestColumn(file.rows));
    preview();
    work.hidden = false;
  } catch (error) {
    failure.textContent = error.message;
    failure.hidden = false;
  }
}

function listColumns(chosen) {
  const width = Math.max(...file.rows.map((row) => row.length));
  const names = Array.from(
    { length: width },
    (_, index) => (header.checked && file.rows[0][index]) || `Column ${index + 1}`,
  );
  column.replaceChildren(
    ...names.map((name, index) => element('option', { value: index, selected: index === chosen }, name)),
  );
}

/** The texts of the chosen column; rows without one are left out. */
function texts() {
  const rows = header.checked ? file.rows.slice(1) : file.rows;
  return rows.map((row) => row[column.value] ?? '').filter((text) => text.trim() !== '');
}

function preview() {
  stop();
  const all = texts();
  const rows = all
    .slice(0, PREVIEW)
    .map((text, index) => element('tr', {}, element('th', { scope: 'row' }, `${index + 1}`), element('td', {}, text)));
  byId('file-preview').replaceChildren(element('tbody', {}, ...rows));
  const empty = file.rows.length - (header.checked ? 1 : 0) - all.length;
  byId('file-count').textContent =
    `${file.name}: ${plural(all.length, 'text')}${empty > 0 ? `, ${plural(empty, 'row')} without one left out` : ''}.`;
  button.disabled = all.length === 0;
  reset();
}

function reset() {
  bar.value = 0;
  status.textContent = '';
  for (const link of Object.values(links)) {
    if (link.href) URL.revokeObjectURL(link.href);
    link.hidden = true;
    link.removeAttribute('href');
  }
}

/** Ends what is running: its vectors are those of another file or column. */
function stop() {
  running?.abort();
  running = undefined;
  cancel.hidden = true;
}

async function run() {
  reset();
  const all = texts();
  const own = new AbortController();
  running = own;
  button.disabled = true;
  cancel.hidden = false;
  status.textContent = 'Starting…';
  try {
    finish(all, await embed(all, own.signal));
  } catch (error) {
    if (running !== own) return;
    bar.value = 0;
    status.textContent = isAbort(error) ? 'Cancelled.' : error.message;
  }
  stop();
  button.disabled = false;
}

/** All vectors, by several workers where there is enough to do. */
async function embed(all, signal) {
  const shared = await embedder();
  const workers = Math.min(MOST_WORKERS, navigator.hardwareConcurrency ?? 1);
  const many = all.length >= LEAST_FOR_POOL && workers > 1;
  const model = many ? await pool(workers, signal) : shared;
  try {
    const values = new Float32Array(all.length * model.dim);
    const result = { values, dim: model.dim, tokens: 0, truncated: 0, done: 0, begin: performance.now() };
    for await (const part of model.stream(all, { signal })) {
      signal.throwIfAborted();
      values.set(part.data, result.done * model.dim);
      result.done += part.length;
      result.tokens += part.tokens.reduce((sum, count) => sum + count, 0);
      result.truncated += part.truncated.filter(Boolean).length;
      report(result, all.length);
    }
    const seconds = (performance.now() - result.begin) / 1000;
    const { name } = await shared.info();
    signal.throwIfAborted();
    return { ...result, name, seconds };
  } finally {
    if (many) model.dispose();
  }
}

function report({ done, begin }, count) {
  bar.value = done / count;
  const rate = done / ((performance.now() - begin) / 1000);
  status.textContent = `${number(done)} of ${plural(count, 'text')}, ${number(rate)} a second, ${number((count - done) / rate)} s left`;
}

function finish(all, { values, dim, tokens, truncated, seconds, name }) {
  const cut =
    truncated > 0 ? ` ${plural(truncated, 'text was', 'texts were')} longer than the model reads and cut.` : '';
  status.textContent = `${plural(all.length, 'vector')} of ${dim} dimensions in ${milliseconds(seconds * 1000)}: ${number(tokens / seconds)} tokens a second.${cut}`;
  const stem = file.name.replace(/\.[^.]*$/, '');
  const files = { npy: npy(values, [all.length, dim]), json: json(name, all, values, dim) };
  for (const [kind, link] of Object.entries(links)) {
    link.href = URL.createObjectURL(files[kind]);
    link.download = `${stem}.${kind}`;
    link.hidden = false;
  }
}
