// Results.

import { InputError } from './errors.js';
import { checkedFields, remember } from './vectors.js';

/** @typedef {Pick<import('../types/common.js').Info, 'name' | 'modelSha256' | 'precision'>} Model */
/** @typedef {import('../types/common.js').Precision} Precision */
/** @typedef {Float32Array | Int8Array | Uint8Array} Data */

/** Vectors of a call, row after row, in the order of the texts. */
export class Embeddings {
  /**
   * @param {{ data: Data, dim: number, tokens: Uint32Array, truncated: boolean[], model: Model, precision: Precision }} fields
   */
  constructor({ data, dim, tokens, truncated, model, precision }) {
    this.data = data;
    this.dim = dim;
    this.tokens = tokens;
    this.truncated = truncated;
    this.model = model;
    this.precision = precision;
    remember(this);
  }

  /**
   * Vectors that were kept or sent somewhere.
   * @param {any} fields
   * @returns {any} embeddings, whose type follows the precision
   */
  static from(fields) {
    return new Embeddings(checkedFields(fields));
  }

  /** Number of rows. */
  get length() {
    return this.data.length / this.dim;
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
