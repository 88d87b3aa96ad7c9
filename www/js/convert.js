// The tab "Use another model": a directory of a model in, a packed file out, which the other tabs then use.

import { droppedFiles } from '../minilm-wasm/src/convert/dropped.js';
import { byId, element, isAbort, megabytes, milliseconds } from './dom.js';
import { onDrop } from './drop.js';
import { run as loadModel } from './loader.js';
import { current, siteModel } from './model.js';
import { choose, drop, fileOf, keep, ownModels } from './own.js';
import { onShow } from './tabs.js';

// What reading the files is of the bar; converting them is the rest.
const READING = 0.5;
const PHASES = { download: 'Fetching', read: 'Reading', convert: 'Converting' };
// Milliseconds until a browser has surely begun to save a file.
const SAVED = 60_000;

const input = byId('convert-input');
const name = byId('convert-name');
const button = byId('convert-start');
const cancel = byId('convert-cancel');
const bar = byId('convert-progress');
const status = byId('convert-status');
const failure = byId('convert-error');
const models = byId('convert-models');

let running;

export function start() {
  onDrop(byId('convert-drop'), (data) => convert('the folder', () => droppedFiles(data)));
  input.addEventListener('change', () => {
    const files = [...input.files];
    if (files.length > 0) convert('the folder', () => files);
    // So that the same folder can be chosen once more.
    input.value = '';
  });
  byId('convert-hub').addEventListener('submit', (event) => {
    event.preventDefault();
    const hub = name.value.trim();
    convert(hub, () => ({ hub, endpoint: byId('convert-endpoint').value.trim() }));
  });
  cancel.addEventListener('click', () => running?.abort());
  document.addEventListener('model-ready', list);
  onShow('convert', list);
}

/** Converts what `source` gives, which is called at once: the data of a drop last as long as its event. */
async function convert(title, source) {
  running?.abort();
  const own = new AbortController();
  running = own;
  const given = source();
  failure.hidden = true;
  cancel.hidden = false;
  button.disabled = true;
  bar.value = 0;
  status.textContent = `Looking into ${title}…`;
  const begin = performance.now();
  try {
    const precision = document.querySelector('[name="convert-precision"]:checked').value;
    // Whoever never converts a model never loads what does it.
    const { convertModel } = await import('../minilm-wasm/src/convert/browser.js');
    const progress = (step) => running === own && report(step);
    const { bytes, info } = await convertModel(await given, { precision, progress, signal: own.signal });
    const took = milliseconds(performance.now() - begin);
    own.signal.throwIfAborted();
    status.textContent = 'Keeping it in this browser…';
    const model = await keep(bytes, info);
    const kept = model.blob ? 'there is no room to keep it in this browser' : 'kept in this browser';
    status.textContent = `${info.name}: ${megabytes(info.fileBytes)}, ${info.dim} dimensions, converted in ${took}; ${kept}.`;
    await use(model);
  } catch (error) {
    if (running !== own) return;
    bar.value = 0;
    status.textContent = isAbort(error) ? 'Cancelled.' : 'Not converted.';
    if (!isAbort(error)) fail(error);
  }
  if (running !== own) return;
  running = undefined;
  cancel.hidden = true;
  button.disabled = false;
}

function report({ phase, fraction }) {
  bar.value = phase === 'convert' ? READING + fraction * (1 - READING) : fraction * READING;
  status.textContent = `${PHASES[phase]}: ${Math.floor(fraction * 100)} %`;
}

function fail(error) {
  const hint =
    error.code === 'http-status' && [401, 404].includes(error.status)
      ? ' Is the name right, and the model public?'
      : '';
  failure.textContent = `${error.message}${hint}`;
  failure.hidden = false;
}

/** Uses a model in every tab, now and on later visits. */
async function use(model) {
  choose(model.own ? model.url : undefined);
  await loadModel(model);
}

/** Shows the models that can be used without a network, and that of the site. */
async function list() {
  const all = [await siteModel().catch(() => undefined), ...ownModels()].filter(Boolean);
  models.replaceChildren(...all.map(entry));
}

function entry(model) {
  const used = model.url === current()?.url;
  const facts = [model.own ? model.precision : 'of this site', megabytes(model.bytes)].join(', ');
  const about = element(
    'div',
    {},
    element('span', { class: 'name' }, model.name),
    ' ',
    element('span', { class: 'facts-line' }, facts),
  );
  const actions = [used ? element('span', { class: 'facts-line' }, 'In use') : action('Use', model, use)];
  if (model.own) {
    actions.push(action('Download', model, save));
    if (!used) actions.push(action('Remove', model, remove));
  }
  return element('li', {}, about, element('div', { class: 'row' }, ...actions));
}

function action(title, model, run) {
  const button = element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': `${title} ${model.name} ${model.precision ?? ''}`.trim() },
    title,
  );
  button.addEventListener('click', () => {
    failure.hidden = true;
    run(model).catch(fail);
  });
  return button;
}

async function save(model) {
  const href = URL.createObjectURL(await fileOf(model));
  element('a', { href, download: `${model.name.replaceAll('/', '--')}-${model.precision}.minilm` }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVED);
}

async function remove({ url }) {
  await drop(url);
  await list();
}
