// A heat map that is a table: its cells can be read, pointed at, and walked over with the arrow keys.

import { element, number, setProperty } from './dom.js';

// With more texts than this, cells are too small for numbers.
const MOST_WITH_NUMBERS = 14;
// Where the colour of a cell, in the dark and in the light theme, needs the other colour of text.
const STRONG = 0.59;
const STRONGEST = 0.86;

/**
 * @param {HTMLElement} frame gets the table
 * @param {HTMLElement} readout gets the pair that is pointed at
 * @param {string[]} texts
 * @param {{ row: (index: number) => Float32Array }} scores
 */
export function drawMatrix(frame, readout, texts, scores) {
  const dense = texts.length > MOST_WITH_NUMBERS;
  const head = element('tr', {}, element('td', { class: 'corner', role: 'presentation' }));
  const columns = texts.map((_, index) => element('th', { scope: 'col' }, dense ? '' : `${index + 1}`));
  if (dense) columns.forEach((column, index) => column.setAttribute('aria-label', `${index + 1}`));
  head.append(...columns);
  const rows = [];
  const cells = texts.map((text, row) => {
    const name = element(
      'th',
      { scope: 'row', title: text },
      element('b', {}, `${row + 1}`),
      ' ',
      element('span', {}, text),
    );
    rows.push(name);
    return texts.map((_, column) => cell(scores.row(row)[column], row === column));
  });
  const body = element('tbody', {}, ...cells.map((line, row) => element('tr', {}, rows[row], ...line)));
  const table = element('table', {
    class: dense ? 'matrix dense' : 'matrix',
    role: 'grid',
    'aria-label': 'Similarity of each text to each',
  });
  table.append(element('thead', {}, head), body);
  frame.replaceChildren(table);

  const say = (row, column) => {
    const score = number(scores.row(row)[column], 3);
    readout.replaceChildren(
      element('b', {}, score),
      row === column ? ' Each text is its own twin: ' : ` between ${row + 1} and ${column + 1}: `,
      element('q', {}, texts[row]),
      ...(row === column ? [] : [' and ', element('q', {}, texts[column])]),
    );
  };
  const light = (row, column) => {
    for (const lit of table.querySelectorAll('.lit')) lit.classList.remove('lit');
    if (row === undefined) return;
    rows[row].classList.add('lit');
    columns[column].classList.add('lit');
    say(row, column);
  };
  const closest = closestPair(scores, texts.length);
  say(...closest);
  walk(table, cells, closest, light);
}

function cell(score, self) {
  const shade = Math.min(1, Math.max(0, score));
  const strength = self ? 'self' : shade > STRONGEST ? 'strongest' : shade > STRONG ? 'strong' : undefined;
  // As correlations are printed: without the zero that all of them would have.
  const text = self ? '1' : number(score, 2).replace('0.', '.');
  return setProperty(element('td', { class: strength, tabindex: -1 }, text), '--score', shade.toFixed(3));
}

function closestPair(scores, count) {
  let best = [0, 1];
  for (let row = 0; row < count; row += 1) {
    for (let column = row + 1; column < count; column += 1) {
      if (scores.row(row)[column] > scores.row(best[0])[best[1]]) best = [row, column];
    }
  }
  return best;
}

/** One cell is in the tab order; arrow keys move from there. */
function walk(table, cells, [firstRow, firstColumn], light) {
  let current = cells[firstRow][firstColumn];
  current.tabIndex = 0;
  const place = (node) => {
    const row = cells.findIndex((line) => line.includes(node));
    return row < 0 ? undefined : [row, cells[row].indexOf(node)];
  };
  table.addEventListener('focusin', ({ target }) => {
    const at = place(target);
    if (!at) return;
    current.tabIndex = -1;
    current = target;
    current.tabIndex = 0;
    light(...at);
  });
  table.addEventListener('focusout', () => light());
  table.addEventListener('pointerover', ({ target }) => {
    const at = place(target);
    if (at) light(...at);
  });
  table.addEventListener('pointerleave', () => light());
  table.addEventListener('keydown', (event) => {
    const at = place(event.target);
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!at || !step) return;
    event.preventDefault();
    cells[at[0] + step[0]]?.[at[1] + step[1]]?.focus();
  });
}
