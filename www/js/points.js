// Points of a picture that can be pointed at, and walked over with the arrow keys: one of them is in the tab order.

const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
// How much farther a point may seem that lies aside of the direction.
const ASIDE = 2.5;
// As close as a finger or a mouse has to come, in units of the picture.
const REACH = 28;

/**
 * @param {SVGSVGElement} picture
 * @param {SVGElement[]} nodes
 * @param {[number, number][]} places of the nodes
 * @param {{ point: (index?: number) => void, select: (index: number) => void }} tell
 */
export function walkPoints(picture, nodes, places, { point, select }) {
  let current = 0;
  nodes[0].tabIndex = 0;
  const indexOf = (target) => nodes.indexOf(target.closest('.point'));

  picture.addEventListener('pointermove', (event) => point(under(picture, places, event)));
  picture.addEventListener('pointerleave', () => point());
  picture.addEventListener('click', (event) => {
    const index = under(picture, places, event);
    if (index !== undefined) nodes[index].focus({ preventScroll: true });
  });
  picture.addEventListener('focusin', ({ target }) => {
    const index = indexOf(target);
    if (index < 0) return;
    nodes[current].tabIndex = -1;
    current = index;
    nodes[current].tabIndex = 0;
    point(index);
    select(index);
  });
  picture.addEventListener('focusout', () => point());
  picture.addEventListener('keydown', (event) => {
    const direction = DIRECTIONS[event.key];
    if (!direction) return;
    event.preventDefault();
    const next = beside(places, current, direction);
    if (next !== undefined) nodes[next].focus({ preventScroll: true });
  });
}

/** The point nearest to where the pointer is, if it is near enough. */
function under(picture, places, event) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  const { width: across, height: down } = picture.viewBox.baseVal;
  const [x, y] = [((event.clientX - left) / width) * across, ((event.clientY - top) / height) * down];
  return smallest(places, ([px, py]) => {
    const distance = Math.hypot(px - x, py - y);
    return distance <= Math.max(REACH, (12 / width) * across) ? distance : Infinity;
  });
}

/** The next point in a direction. */
function beside(places, from, [dx, dy]) {
  const [x, y] = places[from];
  return smallest(places, ([px, py], index) => {
    const ahead = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    return index !== from && ahead > 0 ? ahead + ASIDE * aside : Infinity;
  });
}

function smallest(places, measure) {
  let [best, least] = [undefined, Infinity];
  places.forEach((place, index) => {
    const value = measure(place, index);
    if (value < least) [best, least] = [index, value];
  });
  return best;
}
