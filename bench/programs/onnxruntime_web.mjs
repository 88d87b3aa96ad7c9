// onnxruntime-web on its WebAssembly provider, one thread: ids in, token vectors out. Neither tokenization nor pooling
// is timed.

import { padded } from './protocol.mjs';

export class Contender {
  #read;
  #ort;
  #session;
  #cases = new Map();
  #feeds;
  #output;

  constructor(read) {
    this.#read = read;
  }

  // `library` is what to import; `assets`, where its .wasm lies, is for browsers.
  async load({ library, assets, file }) {
    this.#ort = await import(library);
    const { env, InferenceSession } = this.#ort;
    env.wasm.numThreads = 1;
    if (assets) env.wasm.wasmPaths = assets;
    const options = { executionProviders: ['wasm'], graphOptimizationLevel: 'all' };
    this.#session = await InferenceSession.create(await this.#read(file), options);
    return { version: env.versions.web };
  }

  prepare(name, _texts, ids) {
    const { dims, values } = padded(ids);
    const { Tensor } = this.#ort;
    const tensor = (data) => new Tensor('int64', BigInt64Array.from(data), dims);
    const feeds = Object.fromEntries(Object.entries(values).map(([key, data]) => [key, tensor(data)]));
    this.#cases.set(name, { lengths: ids.map((row) => row.length), feeds });
    return { tokens: ids.flat().length };
  }

  choose(name) {
    this.#feeds = this.#cases.get(name);
  }

  async encode() {
    this.#output = await this.#session.run(this.#feeds.feeds);
  }

  // Means over the tokens that are no padding, to see that the right thing was computed.
  vectors() {
    const { data, dims } = this.#output.last_hidden_state;
    const [, tokens, width] = dims;
    return this.#feeds.lengths.map((length, text) => {
      const mean = new Float64Array(width);
      for (let i = 0; i < length * width; i += 1) mean[i % width] += data[text * tokens * width + i];
      return mean;
    });
  }

  memory() {
    return null;
  }
}
