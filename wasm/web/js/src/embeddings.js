// Results, and what is read as vectors.

import { InputError } from './errors.js';

/** @typedef {Pick<import('../types/common.js').Info, 'name' | 'weightsSha256' | 'precision'>} Model */

/** Vectors of a call, row after row, in the order of the texts. */
export class Embeddings {
  /**
   * @param {{ data: Float32Array | Int8Array | Uint8Array, dim: number, tokens: Uint32Array, truncated: boolean[], model: Model }} fields
   */
  constructor({ data, dim, tokens, truncated, model }) {
    this.data = data;
    this.dim = dim;
    this.tokens = tokens;
    this.truncated = truncated;
    this.model = model;
  }

  /** Number of rows. */
  get length() {
    return this.tokens.length;
  }

  /**
   * A view of the vector of text `index`: no copy.
   * @param {number} index
   */
  row(index) {
    return rowOf(this.data, this.dim, index, this.length);
  }

  *[Symbol.iterator]() {
    for (let index = 0; index < this.length; index += 1) yield this.row(index);
  }
}

/** Scores of every row of one set of vectors against every row of another. */
export class Matrix {
  /**
   * @param {Float32Array} data
   * @param {number} rows
   * @param {number} columns
   */
  constructor(data, rows, columns) {
    this.data = data;
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * A view of the scores of row `index`: no copy.
   * @param {number} index
   */
  row(index) {
    return rowOf(this.data, this.columns, index, this.rows);
  }

  *[Symbol.iterator]() {
    for (let index = 0; index < this.rows; index += 1) yield this.row(index);
  }
}

/**
 * @template {Float32Array | Int8Array | Uint8Array} T
 * @param {T} data
 * @param {number} width
 * @param {number} index
 * @param {number} rows
 * @returns {T}
 */
function rowOf(data, width, index, rows) {
  if (!Number.isInteger(index) || index < 0 || index >= rows) {
    throw new InputError('invalid-input', `row ${index} is not in 0..${rows - 1}`);
  }
  return /** @type {T} */ (data.subarray(index * width, (index + 1) * width));
}

/**
 * Embeddings, one vector or several as rows of one array.
 * @param {unknown} value
 * @param {string} name what the caller calls them
 * @returns {{ data: Float32Array, dim: number, rows: number }}
 */
export function vectors(value, name) {
  if (value instanceof Embeddings) {
    if (!(value.data instanceof Float32Array)) throw new InputError('invalid-input', `${name} must have the precision float32`);
    return { data: value.data, dim: value.dim, rows: value.length };
  }
  if (value instanceof Float32Array) return { data: value, dim: value.length, rows: 1 };
  if (!Array.isArray(value)) throw new InputError('invalid-input', `${name} must be embeddings, a vector or an array of vectors`);
  const list = typeof value[0] === 'number' ? [value] : value;
  const dim = list[0]?.length ?? 0;
  const data = new Float32Array(list.length * dim);
  list.forEach((vector, index) => {
    if (vector?.length !== dim) {
      throw new InputError('rows', `vector ${index} of ${name} has ${vector?.length} values, the first has ${dim}`);
    }
    data.set(vector, index * dim);
  });
  return { data, dim, rows: list.length };
}
