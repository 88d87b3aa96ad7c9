// One instance of the WebAssembly module with one model, on the thread that makes it. Who drops it drops its memory.

import { bindings } from './bindings.js';
import { EngineError, fromFault } from './errors.js';
import { receive } from './receive.js';

/** @typedef {import('./bindings.js').Model} Model */

export class Engine {
  /** @type {Model | undefined} */
  #model;
  #memory;
  #address;
  #length;
  /** Whether the file is in the cache of the browser. */
  cached = false;

  /**
   * @param {Model} model
   * @param {WebAssembly.Memory} memory
   * @param {number} address
   * @param {number} length
   */
  constructor(model, memory, address, length) {
    this.#model = model;
    this.#memory = memory;
    this.#address = address;
    this.#length = length;
  }

  /**
   * Loads a model that arrives in chunks.
   * @param {WebAssembly.Module} module
   * @param {AsyncIterable<Uint8Array>} chunks
   * @param {import('./receive.js').ReceiveOptions} [options]
   */
  static async load(module, chunks, options) {
    const glue = bindings();
    const { memory } = await glue({ module_or_path: module });
    try {
      const { file, address, length } = await receive(glue.ModelFile, memory, chunks, options);
      return new Engine(file.load(), memory, address, length);
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * @param {string[]} texts
   * @param {object} [options]
   * @param {number} [first] position of the first text, for errors
   */
  encode(texts, options, first = 0) {
    return this.#call((model) => model.encode(texts, options, first));
  }

  /**
   * @param {Float32Array} data
   * @param {number} dim
   * @param {string} precision
   * @param {object} [ranges]
   */
  quantize(data, dim, precision, ranges) {
    return this.#call((model) => model.quantize(data, dim, precision, ranges));
  }

  /**
   * @param {Float32Array} a
   * @param {Float32Array} b
   * @param {number} dim
   */
  similarity(a, b, dim) {
    return this.#call((model) => model.similarity(a, b, dim));
  }

  /**
   * @param {Float32Array} queries
   * @param {Float32Array} corpus
   * @param {number} dim
   * @param {number} topK
   */
  search(queries, corpus, dim, topK) {
    return this.#call((model) => model.search(queries, corpus, dim, topK));
  }

  /**
   * @param {string[]} texts
   * @param {object} [options]
   */
  tokenize(texts, options) {
    return this.#call((model) => model.tokenize(texts, options));
  }

  info() {
    const info = this.#call((model) => model.info());
    return { ...info, memoryBytes: this.#memory.buffer.byteLength, cached: this.cached };
  }

  /**
   * A copy of at most `length` bytes of the model file.
   * @param {number} start
   * @param {number} length
   */
  read(start, length) {
    const end = Math.min(start + length, this.#length);
    return new Uint8Array(this.#memory.buffer).slice(this.#address + start, this.#address + end);
  }

  /** Bytes of the model file. */
  get length() {
    return this.#length;
  }

  /**
   * @template T
   * @param {(model: Model) => T} compute
   * @returns {T}
   */
  #call(compute) {
    if (!this.#model) throw new EngineError('engine', 'the engine stopped after an earlier error');
    try {
      return compute(this.#model);
    } catch (error) {
      // A trap leaves the instance in an unknown state.
      if (error instanceof WebAssembly.RuntimeError) this.#model = undefined;
      throw translated(error);
    }
  }
}

/**
 * The error for whatever came out of a call into the module.
 * @param {any} error
 */
function translated(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    return new EngineError('engine', `the WebAssembly module stopped: ${error.message}`, { cause: error });
  }
  const isFault = !(error instanceof Error) && typeof error?.code === 'string' && typeof error.message === 'string';
  return isFault ? fromFault(error) : error;
}
