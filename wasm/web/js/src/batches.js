// Long lists of texts, in parts between which a call can be aborted and which workers can share. A text's vector does not depend on
// the texts beside it.

import { InputError } from './errors.js';

// Texts and UTF-16 units of a batch: some tenths of a second at most.
const MAX_TEXTS = 64;
const MAX_UNITS = 16_384;

/**
 * Where the batches of `texts` start, and where the last one ends.
 * @param {string[]} texts
 * @returns {number[]}
 */
export function bounds(texts) {
  const starts = [0];
  let units = 0;
  for (let index = 0; index < texts.length; index += 1) {
    const full = index - starts[starts.length - 1] === MAX_TEXTS || units + texts[index].length > MAX_UNITS;
    if (full && index > starts[starts.length - 1]) {
      starts.push(index);
      units = 0;
    }
    units += texts[index].length;
  }
  if (texts.length > 0) starts.push(texts.length);
  return starts;
}

/**
 * Texts that arrive one after the other, in batches.
 * @param {Iterable<string> | AsyncIterable<string>} texts
 * @returns {AsyncGenerator<string[], void, void>}
 */
export async function* batched(texts) {
  /** @type {string[]} */
  let batch = [];
  let units = 0;
  let index = 0;
  for await (const text of texts) {
    if (typeof text !== 'string') throw new InputError('invalid-input', `text ${index} is not a string`, { index });
    if (batch.length === MAX_TEXTS || (batch.length > 0 && units + text.length > MAX_UNITS)) {
      yield batch;
      batch = [];
      units = 0;
    }
    batch.push(text);
    units += text.length;
    index += 1;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Calls `run` for 0 to `count` - 1, with at most `lanes` under way at once. The first error ends it.
 * @param {number} count
 * @param {number} lanes
 * @param {(index: number) => Promise<void>} run
 */
export async function spread(count, lanes, run) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      try {
        await run(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}
