// The tab Similarity: every text against every other.

import { byId, isAbort, number, plural } from './dom.js';
import { drawMatrix } from './matrix.js';
import { embedder } from './model.js';
import { vectorsOf } from './vectors.js';

export const MOST = 64;
const DELAY = 120;
const EXAMPLES = [
  'A cat is sleeping on the sofa.',
  'The kitten takes a nap on the couch.',
  'A dog chases its tail in the garden.',
  'The stock market fell sharply today.',
  'Shares lost value across the board.',
  'How do I change my password?',
  'I forgot my login and need a new one.',
  'Bake the bread for forty minutes.',
];

const input = byId('similarity-texts');
const hint = byId('similarity-hint');
const frame = byId('matrix-frame');
const pair = byId('matrix-pair');
const HINT = hint.textContent;
let running = new AbortController();
let timer;

/** The texts in the box. */
export const ownTexts = () =>
  input.value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

export function start() {
  input.value = EXAMPLES.join('\n');
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(update, DELAY);
  });
  document.addEventListener('model-changed', update);
  update();
}

async function update() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const all = ownTexts();
  const texts = all.slice(0, MOST);
  try {
    if (texts.length < 2) {
      frame.replaceChildren();
      pair.textContent = 'Write at least two lines.';
      return;
    }
    const found = await vectorsOf(texts, signal);
    const scores = await (await embedder()).similarity(
      found.map(({ vector }) => vector),
      undefined,
      { signal },
    );
    signal.throwIfAborted();
    say(all.length, found.filter(({ truncated }) => truncated).length);
    drawMatrix(frame, pair, texts, scores);
  } catch (error) {
    if (!isAbort(error)) pair.textContent = error.message;
  }
}

function say(count, truncated) {
  const parts = [];
  if (count > MOST) parts.push(`Only the first ${MOST} of ${number(count)} lines are compared.`);
  if (truncated > 0)
    parts.push(`${plural(truncated, 'text is', 'texts are')} longer than the model reads: the end is left out.`);
  hint.textContent = parts.join(' ') || HINT;
}
