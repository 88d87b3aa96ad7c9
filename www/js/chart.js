// Time over length, as a picture.

import { svg } from './dom.js';

const { axisBottom, axisLeft, scaleLog, select } = globalThis.d3;
const MARGIN = { top: 28, right: 16, bottom: 44, left: 52 };

const drawn = new WeakMap();
// Drawn in the pixels of its frame, so that its letters are as large as those around it.
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) draw(target, drawn.get(target));
});

/**
 * @param {HTMLElement} frame
 * @param {{ tokens: number, low: number, median: number, high: number }[]} results
 */
export function drawTimes(frame, results) {
  drawn.set(frame, results);
  resized.observe(frame);
  draw(frame, results);
}

function draw(frame, results) {
  const { clientWidth: width, clientHeight: height } = frame;
  // Out of sight: it is drawn when it comes into it.
  if (width === 0) return;
  const tokens = results.map((result) => result.tokens);
  const x = scaleLog([Math.min(...tokens) / 1.3, Math.max(...tokens) * 1.3], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLog(
    [Math.min(...results.map(({ low }) => low)) / 1.3, Math.max(...results.map(({ high }) => high)) * 1.3],
    [height - MARGIN.bottom, MARGIN.top],
  );
  const picture = svg('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': 'Time over length; the table has the figures',
  });
  axis(
    picture,
    `translate(0 ${height - MARGIN.bottom})`,
    axisBottom(x).tickValues(tokens).tickFormat(String).tickSizeOuter(0),
  );
  axis(picture, `translate(${MARGIN.left} 0)`, axisLeft(y).ticks(4, '~g').tickSizeOuter(0));
  picture.append(
    svg('text', { x: width - MARGIN.right, y: height - 6, 'text-anchor': 'end' }, 'tokens'),
    svg('text', { x: 4, y: 14 }, 'milliseconds'),
    svg('polyline', {
      class: 'line',
      points: results.map((result) => `${x(result.tokens)},${y(result.median)}`).join(' '),
    }),
    ...results.map((result) =>
      svg('line', {
        class: 'spread',
        x1: x(result.tokens),
        x2: x(result.tokens),
        y1: y(result.low),
        y2: y(result.high),
      }),
    ),
    ...results.map((result) => svg('circle', { class: 'median', r: 4, cx: x(result.tokens), cy: y(result.median) })),
  );
  frame.replaceChildren(picture);
}

function axis(picture, transform, draw) {
  const group = picture.appendChild(svg('g', { transform }));
  select(group).call(draw);
}
