// The tab Search: answers as you type.

import { byId, element, number, plural, setProperty } from './dom.js';
import { embedder } from './model.js';
import { allQuestions, questionVectors } from './questions.js';
import { onShow } from './tabs.js';

const SHOWN = 6;
const SUGGESTIONS = [
  'my card was stolen',
  'too noisy to concentrate',
  'something to listen to on a long drive',
  'can I bring my puppy',
  'I spilled tea on a novel',
  'a place for a job interview',
];

const query = byId('query');
const answers = byId('answers');
const time = byId('search-time');
let busy = false;
let shown;

export function start() {
  byId('suggestions').append(
    ...SUGGESTIONS.map((text) => {
      const button = element('button', { type: 'button' }, text);
      button.addEventListener('click', () => {
        query.value = text;
        update();
      });
      return button;
    }),
  );
  query.addEventListener('input', update);
  onShow('search', prepare);
}

async function prepare() {
  try {
    if (shown === undefined) time.textContent = 'Reading the questions…';
    const begin = performance.now();
    const count = (await questionVectors()).length;
    if (shown === undefined) {
      time.textContent = `${plural(count, 'question')} read in ${number(performance.now() - begin)} ms.`;
      shown = '';
    }
    update();
  } catch (error) {
    time.textContent = error.message;
  }
}

/** Searches for what is in the box. While a search is under way, only the newest text waits for the next one. */
async function update() {
  if (busy) return;
  busy = true;
  try {
    for (let text = query.value.trim(); text !== shown; text = query.value.trim()) {
      if (text === '') {
        answers.replaceChildren();
        time.textContent = '';
      } else {
        await search(text);
      }
      shown = text;
    }
  } catch (error) {
    time.textContent = error.message;
  } finally {
    busy = false;
  }
}

async function search(text) {
  const [model, corpus, questions] = await Promise.all([embedder(), questionVectors(), allQuestions()]);
  const begin = performance.now();
  const hits = await model.search(text, corpus, { topK: SHOWN });
  const took = performance.now() - begin;
  answers.replaceChildren(...hits.map(({ index, score }) => answer(questions[index], score)));
  time.textContent = `${number(took, 1)} ms for the text and ${plural(corpus.length, 'comparison')}`;
}

function answer({ topic, question, answer: text }, score) {
  const bar = setProperty(element('span', { class: 'bar', 'aria-hidden': 'true' }), '--score', Math.max(0, score).toFixed(3));
  return element(
    'li',
    {},
    element('h2', {}, question),
    element('div', { class: 'score' }, number(score, 3), bar),
    element('p', {}, text),
    element('p', { class: 'topic' }, topic),
  );
}
