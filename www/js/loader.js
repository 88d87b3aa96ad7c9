// The line at the top: where the model is, how far it has come, and what went wrong.

import { byId, isAbort, megabytes, milliseconds } from './dom.js';
import { cancel, description, isStored, load } from './model.js';

const section = document.querySelector('.loader');
const state = byId('model-state');
const detail = byId('model-detail');
const bar = byId('model-progress');
const action = byId('model-action');

const FROM = { network: 'from the network', cache: 'from this device', memory: 'from memory' };

/** Begins to load, unless the visitor asked to save data and the model is not here yet. */
export async function start() {
  try {
    const model = await description();
    if (navigator.connection?.saveData && !(await isStored(model))) return ask(model, 'Not loaded yet');
    await run(model);
  } catch (error) {
    fail(error, start);
  }
}

/** Loads a model in place of the one that is there. */
export async function run(model) {
  const begin = performance.now();
  let from = 'network';
  section.classList.remove('done', 'failed');
  state.textContent = `Loading ${model.name}`;
  detail.textContent = '';
  offer('Cancel', cancel);
  const progress = (step) => {
    from = step.from;
    bar.value = step.loaded / step.total;
    detail.textContent = `${megabytes(step.loaded)} of ${megabytes(step.total)} ${FROM[step.from]}`;
    if (step.loaded === step.total) state.textContent = 'Checking the model';
  };
  try {
    const { name, fileBytes } = await load(model, progress);
    section.classList.add('done');
    action.hidden = true;
    state.textContent = `${name} is ready`;
    detail.textContent = `${megabytes(fileBytes)} ${FROM[from]} in ${milliseconds(performance.now() - begin)}`;
    document.dispatchEvent(new CustomEvent('model-ready'));
  } catch (error) {
    if (isAbort(error)) ask(model, 'Cancelled');
    else fail(error, () => run(model));
  }
}

function ask(model, text) {
  section.classList.add('done');
  state.textContent = text;
  detail.textContent = `The model has ${megabytes(model.bytes)}; nothing works without it.`;
  offer('Load the model', () => run(model));
}

function fail(error, again) {
  section.classList.add('done', 'failed');
  state.textContent = 'The model could not be loaded';
  detail.textContent = `${error.message}${navigator.onLine ? '' : ' (this device is offline)'}`;
  offer('Try again', again);
}

function offer(text, then) {
  action.hidden = false;
  action.textContent = text;
  action.onclick = then;
}
