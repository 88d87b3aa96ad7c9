// Options are looked at before any work is done: a misspelt one is an error, not a default.

import { InputError } from './errors.js';

/** @type {[unknown, string][]} */
const TRUNCATIONS = [
  [true, 'right'],
  ['right', 'right'],
  ['left', 'left'],
  [false, 'off'],
  ['off', 'off'],
];
const TRUNCATE = new Map(TRUNCATIONS);
const PRECISIONS = ['float32', 'int8', 'uint8', 'binary', 'ubinary'];
const POOLINGS = ['cls', 'mean', 'max', 'mean_sqrt_len'];

/** @type {Record<string, (value: any) => unknown>} what is given to the module for a value; `undefined` where it is wrong */
const TEXT_OPTIONS = {
  prompt: (value) => (typeof value === 'string' ? value : undefined),
  promptName: (value) => (typeof value === 'string' ? value : undefined),
  truncate: (value) => TRUNCATE.get(value),
  maxSeqLength: whole,
};

/** @type {Record<string, (value: any) => unknown>} */
const VECTOR_OPTIONS = {
  ...TEXT_OPTIONS,
  normalize: (value) => (typeof value === 'boolean' ? value : undefined),
  truncateDim: whole,
  pooling: (value) => (POOLINGS.includes(value) ? value : undefined),
};

/** @param {any} value */
function whole(value) {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? value : undefined;
}

/**
 * Options of `encode`: those for the module, and those that are seen to outside.
 * @param {any} options
 */
export function encodeOptions(options = {}) {
  const { signal, precision = 'float32', ranges, ...rest } = options;
  if (!PRECISIONS.includes(precision)) throw wrong('precision', `is none of ${PRECISIONS.join(', ')}`);
  if (ranges !== undefined && !(ranges?.min?.length > 0 && ranges.min.length === ranges.max?.length)) {
    throw wrong('ranges', 'must be { min, max }, a value for each dimension');
  }
  const plain = ranges && { min: Array.from(ranges.min), max: Array.from(ranges.max) };
  return {
    signal: checkedSignal(signal),
    precision,
    ranges: plain,
    options: pick(rest, VECTOR_OPTIONS, ['precision', 'ranges', 'signal']),
  };
}

/**
 * Options of `tokenize`.
 * @param {any} options
 */
export function tokenizeOptions(options = {}) {
  const { signal, ...rest } = options;
  return { signal: checkedSignal(signal), options: pick(rest, TEXT_OPTIONS, ['signal']) };
}

/**
 * Options of `search`: its own, and those with which texts are encoded.
 * @param {any} options
 */
export function searchOptions(options = {}) {
  const { topK = 10, threshold = -Infinity, ...encode } = options;
  if (whole(topK) === undefined) throw wrong('topK', 'must be a whole number');
  if (typeof threshold !== 'number' || Number.isNaN(threshold)) throw wrong('threshold', 'must be a number');
  if (encode.precision !== undefined) throw wrong('precision', 'does not apply: vectors that are searched are floats');
  encodeOptions(encode);
  return { topK, threshold, encode };
}

/**
 * @param {any} signal
 * @returns {AbortSignal | undefined}
 */
export function checkedSignal(signal) {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrong('signal', 'must be an AbortSignal');
  signal?.throwIfAborted();
  return signal;
}

/**
 * A list of texts.
 * @param {unknown} texts
 * @returns {string[]}
 */
export function textList(texts) {
  const list = typeof texts === 'string' ? [texts] : texts;
  if (!Array.isArray(list)) throw new InputError('invalid-input', 'texts must be a string or an array of strings');
  const index = list.findIndex((text) => typeof text !== 'string');
  if (index >= 0) throw new InputError('invalid-input', `text ${index} is not a string`, { index });
  return list;
}

/**
 * @param {string} option
 * @param {string} reason
 */
export function wrong(option, reason) {
  return new InputError('invalid-option', `option \`${option}\` ${reason}`, { option });
}

/**
 * @param {Record<string, unknown>} options
 * @param {Record<string, (value: any) => unknown>} known
 * @param {string[]} others what there is beside them
 */
function pick(options, known, others) {
  /** @type {Record<string, unknown>} */
  const picked = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw wrong(name, `is unknown: there are ${[...Object.keys(known), ...others].join(', ')}`);
    if (value === undefined) continue;
    const translated = known[name](value);
    if (translated === undefined) throw wrong(name, `cannot be ${JSON.stringify(value)}`);
    picked[name] = translated;
  }
  return picked;
}
