// The sample set, and its vectors.

import { embedder } from './model.js';

let questions;
let corpus;

document.addEventListener('model-changed', () => (corpus = undefined));

/** @returns {Promise<{ topic: string, question: string, answer: string }[]>} */
export function allQuestions() {
  questions ??= fetch('data/questions.json').then((response) => {
    if (!response.ok) throw new Error(`data/questions.json: the server answered ${response.status}`);
    return response.json();
  });
  questions.catch(() => (questions = undefined));
  return questions;
}

/** The vectors of the questions, computed when they are first wanted. */
export function questionVectors() {
  corpus ??= Promise.all([embedder(), allQuestions()]).then(([model, all]) =>
    model.encode(all.map(({ question }) => question)),
  );
  const own = corpus;
  own.catch(() => {
    if (corpus === own) corpus = undefined;
  });
  return own;
}
