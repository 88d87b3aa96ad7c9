// The tab Search: answers as you type.

import { byId, element, number, plural } from './dom.js';
import { hit, newest } from './hits.js';
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
let prepared = false;
const update = newest(query, search, fail);

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
  query.addEventListener('input', () => update());
  onShow('search', prepare);
  document.addEventListener('model-changed', () => {
    prepared = false;
    update({ anew: true });
  });
}

async function prepare() {
  try {
    if (!prepared) time.textContent = 'Reading the questions…';
    const begin = performance.now();
    const count = (await questionVectors()).length;
    if (!prepared) time.textContent = `${plural(count, 'question')} read in ${number(performance.now() - begin)} ms.`;
    prepared = true;
    await update();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  time.textContent = error.message;
}

async function search(text) {
  if (text === '') {
    answers.replaceChildren();
    time.textContent = '';
    return;
  }
  const [model, corpus, questions] = await Promise.all([embedder(), questionVectors(), allQuestions()]);
  const begin = performance.now();
  const hits = await model.search(text, corpus, { topK: SHOWN });
  const took = performance.now() - begin;
  answers.replaceChildren(...hits.map(({ index, score }) => answer(questions[index], score)));
  time.textContent = `${number(took, 1)} ms for the text and ${plural(corpus.length, 'comparison')}`;
}

function answer({ topic, question, answer: text }, score) {
  return hit(question, score, element('p', {}, text), element('p', { class: 'topic' }, topic));
}
