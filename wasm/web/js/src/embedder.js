// What a caller has in hand: texts in, vectors out.

import { abortable } from './abort.js';
import { batched, bounds, spread } from './batches.js';
import { Embeddings, Matrix } from './embeddings.js';
import { encodeOptions, searchOptions, textList, tokenizeOptions, checkedSignal, wrong } from './options.js';
import { vectors } from './vectors.js';

/** @typedef {import('../types/common.js').Info} Info */
/**
 * Where calls go.
 * @typedef {object} Calls
 * @property {number} lanes calls that are worth having under way at once
 * @property {(method: string, args: unknown[], transfer?: Transferable[]) => Promise<any>} call
 * @property {() => Promise<unknown>} [turn] lets the thread see to its other events, where calls hold it
 * @property {() => void} dispose
 */

export class Embedder {
  #calls;
  #dim;
  #model;

  /**
   * @param {Calls} calls
   * @param {Info} info
   */
  constructor(calls, { name, modelSha256, precision, dim }) {
    this.#calls = calls;
    this.#dim = dim;
    this.#model = Object.freeze({ name, modelSha256, precision });
  }

  /** Dimensions of a vector. */
  get dim() {
    return this.#dim;
  }

  /**
   * @param {string | string[]} texts
   * @param {object} [options]
   * @returns {Promise<any>} embeddings, whose type follows the precision
   */
  async encode(texts, options) {
    return this.#encode(textList(texts), encodeOptions(options), 0);
  }

  /**
   * @param {Iterable<string> | AsyncIterable<string>} texts
   * @param {object} [options]
   * @returns {AsyncGenerator<any, void, void>}
   */
  async *stream(texts, options) {
    const parsed = encodeOptions(options);
    if (['int8', 'uint8'].includes(parsed.precision) && !parsed.ranges) {
      throw wrong('ranges', 'must be given: a stream has no ranges of its own');
    }
    /** @type {Promise<Embeddings>[]} */
    const pending = [];
    let first = 0;
    for await (const batch of batched(texts)) {
      const embeddings = this.#encode(batch, parsed, first);
      // Heard when its turn comes.
      embeddings.catch(() => {});
      pending.push(embeddings);
      first += batch.length;
      if (pending.length >= this.#calls.lanes) yield/** @type {Embeddings} */ (await pending.shift());
    }
    for (const embeddings of pending) yield await embeddings;
  }

  /**
   * @param {unknown} a
   * @param {unknown} [b]
   * @param {{ signal?: AbortSignal }} [options]
   */
  async similarity(a, b = a, { signal } = {}) {
    checkedSignal(signal);
    const left = this.#vectors(a, 'a');
    const right = b === a ? left : this.#vectors(b, 'b');
    if (left.rows === 0 || right.rows === 0) return new Matrix(new Float32Array(), left.rows, right.rows);
    sameWidth(left.dim, right.dim);
    const scores = await abortable(this.#calls.call('similarity', [left.data, right.data, left.dim]), signal);
    return new Matrix(scores, left.rows, right.rows);
  }

  /**
   * @param {any} query
   * @param {any} corpus
   * @param {object} [options]
   */
  async search(query, corpus, options) {
    const { topK, threshold, encode } = searchOptions(options);
    const { signal } = encode;
    const texts = Array.isArray(corpus) && typeof corpus[0] === 'string';
    const rows = this.#vectors(
      texts ? await this.encode(corpus, { ...encode, prompt: undefined, promptName: undefined }) : corpus,
      'corpus',
    );
    const single = typeof query === 'string' || ArrayBuffer.isView(query) || typeof query?.[0] === 'number';
    const asked = typeof query === 'string' || typeof query?.[0] === 'string';
    if (asked && rows.rows > 0 && !rows.sure && rows.dim !== (encode.truncateDim ?? this.#dim)) {
      const reason = `must be ${rows.dim}, if the vectors of the corpus are the first dimensions of this model's ${this.#dim}`;
      throw wrong('truncateDim', reason);
    }
    const queries = this.#vectors(
      asked ? await this.encode(query, { truncateDim: rows.dim || undefined, ...encode }) : query,
      'query',
    );
    if (queries.rows === 0) return [];
    if (rows.rows === 0) return single ? [] : Array.from({ length: queries.rows }, () => []);
    sameWidth(queries.dim, rows.dim);
    const found = await abortable(this.#calls.call('search', [queries.data, rows.data, rows.dim, topK]), signal);
    const near = found.map((/** @type {{ score: number }[]} */ hits) => hits.filter(({ score }) => score >= threshold));
    return single ? near[0] : near;
  }

  /**
   * @param {string | string[]} texts
   * @param {object} [options]
   */
  async tokenize(texts, options) {
    const list = textList(texts);
    const { signal, options: inner } = tokenizeOptions(options);
    return abortable(this.#calls.call('tokenize', [list, inner]), signal);
  }

  /** @returns {Promise<Info>} */
  async info() {
    return this.#calls.call('info', []);
  }

  dispose() {
    this.#calls.dispose();
  }

  /**
   * @param {unknown} value
   * @param {string} name
   */
  #vectors(value, name) {
    return vectors(value, name, this.#model, this.#dim);
  }

  /**
   * @param {string[]} texts
   * @param {ReturnType<typeof encodeOptions>} parsed
   * @param {number} first position of the first text, for errors
   */
  async #encode(texts, { signal, precision, ranges, options }, first) {
    const starts = bounds(texts);
    let dim = Math.min(/** @type {number} */ (options.truncateDim ?? this.#dim), this.#dim);
    /** @type {Float32Array | Int8Array | Uint8Array} */
    let data = new Float32Array(texts.length * dim);
    const tokens = new Uint32Array(texts.length);
    const truncated = new Array(texts.length).fill(false);
    const run = async (/** @type {number} */ batch) => {
      if (batch > 0) await this.#calls.turn?.();
      signal?.throwIfAborted();
      const start = starts[batch];
      const part = texts.slice(start, starts[batch + 1]);
      const call = this.#calls.call('encode', [part, options, first + start]);
      const found = await abortable(call, signal);
      data.set(found.data, start * dim);
      tokens.set(found.tokens, start);
      found.truncated.forEach(
        (/** @type {boolean} */ cut, /** @type {number} */ index) => (truncated[start + index] = cut),
      );
    };
    // A call without texts has its options checked as well.
    await spread(Math.max(starts.length - 1, 1), this.#calls.lanes, run);
    if (precision !== 'float32') {
      const call = this.#calls.call('quantize', [data, dim, precision, ranges], [data.buffer]);
      ({ data, dim } = await abortable(call, signal));
    }
    return new Embeddings({ data, dim, tokens, truncated, model: this.#model, precision });
  }
}

/**
 * @param {number} a
 * @param {number} b
 */
function sameWidth(a, b) {
  if (a !== b) throw wrong('truncateDim', `differs: one side has ${a} dimensions, the other ${b}`);
}
