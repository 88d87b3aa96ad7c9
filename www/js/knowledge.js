// The tab Knowledge: questions to a knowledge base, and documents for it.

import { byId, element, milliseconds, number, plural } from './dom.js';
import { onFile } from './drop.js';
import { hit, newest } from './hits.js';
import { KnowledgeBase, likelyAddress } from './knowledge-base.js';

const SHOWN = 6;

const address = byId('kb-address');
const key = byId('kb-key');
const state = byId('kb-state');
const failure = byId('kb-error');
const work = byId('kb-work');
const query = byId('kb-query');
const time = byId('kb-time');
const answers = byId('kb-answers');
const added = byId('kb-added');

let base;
let threshold;
const update = newest(query, search, fail);

export function start() {
  address.value = likelyAddress();
  byId('kb-connect').addEventListener('submit', (event) => {
    event.preventDefault();
    connect();
  });
  query.addEventListener('input', () => update());
  onFile(byId('kb-drop'), byId('kb-file'), add);
}

async function connect() {
  work.hidden = failure.hidden = true;
  state.textContent = 'Connecting…';
  try {
    base = new KnowledgeBase(address.value, key.value);
    await describe();
    work.hidden = false;
    await update({ anew: true });
  } catch (error) {
    state.textContent = '';
    fail(error);
  }
}

/** Says what is there. */
async function describe() {
  const { model, database, config } = await base.health();
  if (database.error) throw new Error(database.error);
  threshold = config.similarity_threshold;
  state.textContent = `${plural(database.document_count, 'document')}, ${model.model_name}, stored in ${config.store}; an answer needs ${number(threshold, 2)}.`;
}

async function search(text) {
  if (text === '') {
    answers.replaceChildren();
    time.textContent = '';
    return;
  }
  const begin = performance.now();
  const { results, searched } = await base.search(text, SHOWN);
  failure.hidden = true;
  time.textContent = `${milliseconds(performance.now() - begin)} for the way there and back, the text and ${plural(searched, 'comparison')}`;
  answers.replaceChildren(...results.map(found));
}

function found({ document_id: id, score, document }) {
  const below = score < threshold ? element('p', { class: 'topic' }, 'Too far away to be an answer') : undefined;
  const item = hit(
    document.question ?? id,
    score,
    ...paragraphs(document.answers),
    element('p', { class: 'topic' }, `Document ${id}`),
    below,
  );
  item.classList.toggle('below', below !== undefined);
  return item;
}

/** Answers can be any JSON: texts are shown as such, all else as it is written. */
function paragraphs(value) {
  const values = Array.isArray(value) ? value : [value ?? ''];
  return values
    .filter((text) => text !== '')
    .map((text) => element('p', {}, typeof text === 'string' ? text : JSON.stringify(text)));
}

async function add(file) {
  failure.hidden = true;
  added.textContent = `Putting ${file.name} in…`;
  try {
    const begin = performance.now();
    const { upserted } = await base.put(file);
    await describe();
    added.textContent = `${plural(upserted, 'document')} of ${file.name} put in, in ${milliseconds(performance.now() - begin)}.`;
    await update({ anew: true });
  } catch (error) {
    added.textContent = '';
    fail(error);
  }
}

function fail(error) {
  failure.textContent = error.message;
  failure.hidden = false;
}
