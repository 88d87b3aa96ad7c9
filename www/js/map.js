// The tab Map: texts as points, near where their vectors are near.

import { byId, element, number, setProperty, svg } from './dom.js';
import { embedder } from './model.js';
import { twoComponents } from './pca.js';
import { walkPoints } from './points.js';
import { allQuestions, questionVectors } from './questions.js';
import { MOST, ownTexts } from './similarity.js';
import { onShow } from './tabs.js';
import { vectorsOf } from './vectors.js';

const { scaleLinear } = globalThis.d3;
const [WIDTH, HEIGHT, MARGIN] = [1000, 700, 44];
const NEIGHBOURS = 5;

const frame = byId('map-frame');
const legend = byId('map-legend');
const selected = byId('map-selected');
const note = byId('map-note');
let drawn;

export function start() {
  for (const input of document.querySelectorAll('[name="map-source"]')) input.addEventListener('change', show);
  onShow('map', show);
  // The map that is there is of another model; the next one is drawn when the tab is seen.
  document.addEventListener('model-changed', () => (drawn = undefined));
}

async function show() {
  const source = document.querySelector('[name="map-source"]:checked').value;
  const key = source === 'own' ? ownTexts().join('\n') : source;
  if (key === drawn) return;
  drawn = key;
  note.textContent = 'Computing the map…';
  try {
    const map = source === 'own' ? await ownMap() : await questionMap();
    // Another source was chosen meanwhile.
    if (drawn !== key) return;
    if (map.texts.length < 3) {
      frame.replaceChildren();
      legend.replaceChildren();
      selected.replaceChildren();
      note.textContent = 'A map needs at least three texts: write them in the Similarity tab.';
      return;
    }
    draw(map);
  } catch (error) {
    drawn = undefined;
    note.textContent = error.message;
  }
}

async function questionMap() {
  const [questions, corpus] = await Promise.all([allQuestions(), questionVectors()]);
  const topics = [...new Set(questions.map(({ topic }) => topic))];
  return {
    texts: questions.map(({ question }) => question),
    groups: questions.map(({ topic }) => topics.indexOf(topic)),
    topics,
    vectors: [...corpus],
  };
}

async function ownMap() {
  const texts = ownTexts().slice(0, MOST);
  const found = await vectorsOf(texts);
  return { texts, groups: texts.map(() => 0), topics: [], vectors: found.map(({ vector }) => vector) };
}

function draw({ texts, groups, topics, vectors }) {
  const { points, explained } = twoComponents(vectors);
  const scales = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    const range = axis === 0 ? [MARGIN, WIDTH - MARGIN] : [HEIGHT - MARGIN, MARGIN];
    return scaleLinear([Math.min(...values), Math.max(...values)], range);
  });
  const places = points.map(([x, y]) => [scales[0](x), scales[1](y)]);
  const links = svg('g', { class: 'links' });
  const nodes = places.map(([x, y], index) =>
    svg(
      'g',
      {
        class: 'point',
        'data-hue': groups[index],
        transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        role: 'img',
        'aria-label': texts[index],
        tabindex: -1,
      },
      svg('circle', { class: 'ring', r: 15 }),
      svg('circle', { r: 9 }),
    ),
  );
  const picture = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'group',
    'aria-label': `Map of ${texts.length} texts; the arrow keys move to the next point in their direction`,
  });
  picture.append(links, ...nodes);
  const tip = element('div', { class: 'tip', 'aria-hidden': 'true', hidden: true });
  frame.replaceChildren(picture, tip);
  note.textContent = `Of ${number(vectors[0].length)} dimensions the two shown hold ${number(explained[0] * 100, 1)} and ${number(explained[1] * 100, 1)} % of the variance, so neighbours here are a hint; the list has the real ones.`;
  drawLegend(topics, nodes, groups);

  const point = (index) => {
    tip.hidden = index === undefined;
    if (index === undefined) return;
    tip.textContent = texts[index];
    placeTip(tip, places[index]);
  };
  const select = async (index) => {
    const hits = await nearest(vectors, index);
    nodes.forEach((node, other) => {
      node.classList.toggle('on', other === index);
      node.classList.toggle(
        'near',
        hits.some((hit) => hit.index === other),
      );
    });
    links.replaceChildren(...hits.map((hit) => line(places[index], places[hit.index])));
    tell(texts, index, hits);
  };
  walkPoints(picture, nodes, places, { point, select });
  select(0);
}

async function nearest(vectors, index) {
  const hits = await (await embedder()).search(vectors[index], vectors, { topK: NEIGHBOURS + 1 });
  return hits.filter((hit) => hit.index !== index).slice(0, NEIGHBOURS);
}

function tell(texts, index, hits) {
  const rows = hits.map((hit) => element('li', {}, element('span', {}, number(hit.score, 2)), texts[hit.index]));
  selected.replaceChildren(element('h2', {}, texts[index]), element('ol', { 'aria-label': 'Closest texts' }, ...rows));
}

const line = ([x1, y1], [x2, y2]) => svg('line', { x1, y1, x2, y2 });

function placeTip(tip, [x, y]) {
  const [left, top] = [x / WIDTH, y / HEIGHT];
  // On the side where there is more room.
  for (const [name, value] of [
    ['left', left < 0.5 ? `calc(${left * 100}% + 0.75rem)` : 'auto'],
    ['right', left < 0.5 ? 'auto' : `calc(${(1 - left) * 100}% + 0.75rem)`],
    ['top', top < 0.5 ? `calc(${top * 100}% + 0.5rem)` : 'auto'],
    ['bottom', top < 0.5 ? 'auto' : `calc(${(1 - top) * 100}% + 0.5rem)`],
  ]) {
    setProperty(tip, name, value);
  }
}

/** A topic that is pressed leaves the others pale. */
function drawLegend(topics, nodes, groups) {
  const buttons = topics.map((topic, group) => {
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': 'false', 'data-hue': group },
      element('span', { class: 'dot' }),
      topic,
    );
    button.addEventListener('click', () => {
      const pressed = button.getAttribute('aria-pressed') !== 'true';
      for (const other of buttons) other.setAttribute('aria-pressed', other === button && pressed);
      nodes.forEach((node, index) => node.classList.toggle('faded', pressed && groups[index] !== group));
    });
    return button;
  });
  legend.replaceChildren(...buttons);
}
