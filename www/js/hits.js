// What a search shows: a list of hits, made anew as people type.

import { element, number, setProperty } from './dom.js';

/** An entry of the list: what was found, how close it is, and what there is to say. */
export function hit(title, score, ...rest) {
  const bar = setProperty(
    element('span', { class: 'bar', 'aria-hidden': 'true' }),
    '--score',
    Math.max(0, score).toFixed(3),
  );
  return element(
    'li',
    {},
    element('h2', {}, title),
    element('div', { class: 'score' }, number(score, 3), bar),
    ...rest,
  );
}

/**
 * Searches for the text that is in a box. While a search is under way, only the newest text waits for the next one.
 * @param {HTMLInputElement} box
 * @param {(text: string) => Promise<void>} search Shows what it finds; an empty text finds nothing.
 * @param {(error: Error) => void} fail
 * @returns {(options?: { anew?: boolean }) => Promise<void>} To be called when the box may hold another text; `anew` also with the same one.
 */
export function newest(box, search, fail) {
  let busy = false;
  let shown = '';
  return async ({ anew = false } = {}) => {
    if (anew) shown = undefined;
    if (busy) return;
    busy = true;
    let failed = false;
    for (let text = box.value.trim(); text !== shown; text = box.value.trim()) {
      shown = text;
      try {
        await search(text);
        failed = false;
      } catch (error) {
        fail(error);
        failed = true;
      }
    }
    // The same text may be asked for once more.
    if (failed) shown = undefined;
    busy = false;
  };
}
