// Principal component analysis, as far as a map needs it: the two directions in which vectors differ most.

const ROUNDS = 400;
const SETTLED = 1e-9;

/**
 * @param {ArrayLike<number>[]} rows vectors of one length
 * @returns {{ points: [number, number][], explained: [number, number] }} coordinates, and each direction's share of the variance
 */
export function twoComponents(rows) {
  const count = rows.length;
  const dim = rows[0]?.length ?? 0;
  const centred = rows.map((row) => Float64Array.from(row));
  let variance = 0;
  for (let column = 0; column < dim; column += 1) {
    const mean = centred.reduce((sum, row) => sum + row[column], 0) / count;
    for (const row of centred) {
      row[column] -= mean;
      variance += row[column] ** 2;
    }
  }
  const first = strongest(centred, dim);
  const a = centred.map((row) => dot(row, first));
  // Without its part along the first direction, what is left has the second as its strongest.
  centred.forEach((row, index) => first.forEach((value, column) => (row[column] -= a[index] * value)));
  const second = strongest(centred, dim);
  const b = centred.map((row) => dot(row, second));
  const share = (values) => (variance > 0 ? values.reduce((sum, value) => sum + value ** 2, 0) / variance : 0);
  return { points: a.map((value, index) => [value, b[index]]), explained: [share(a), share(b)] };
}

/** The unit vector along which rows differ most, by power iteration. Its largest value is positive, so that maps do not flip. */
function strongest(rows, dim) {
  let direction = Float64Array.from({ length: dim }, (_, column) => Math.cos(column + 1));
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = new Float64Array(dim);
    for (const row of rows) {
      const along = dot(row, direction);
      for (let column = 0; column < dim; column += 1) next[column] += along * row[column];
    }
    const length = Math.sqrt(dot(next, next));
    if (length === 0) break;
    let moved = 0;
    for (let column = 0; column < dim; column += 1) {
      next[column] /= length;
      moved += (next[column] - direction[column]) ** 2;
    }
    direction = next;
    if (moved < SETTLED ** 2) break;
  }
  const largest = direction.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}

function dot(a, b) {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index] * b[index];
  return sum;
}
