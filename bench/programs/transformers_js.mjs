// The feature-extraction pipeline of Transformers.js on the graphs that onnxruntime-web is given: texts in, vectors
// out.

export class Contender {
  #pipeline;
  #cases = new Map();
  #texts;
  #output;

  async load({ library, assets, models, model, dtype }) {
    const { env, pipeline } = await import(library);
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = models;
    env.useBrowserCache = false;
    env.backends.onnx.wasm.numThreads = 1;
    env.backends.onnx.wasm.wasmPaths = assets;
    this.#pipeline = await pipeline('feature-extraction', model, { dtype, device: 'wasm' });
    return { version: env.version };
  }

  prepare(name, texts, ids) {
    this.#cases.set(name, texts);
    return { tokens: ids.flat().length };
  }

  choose(name) {
    this.#texts = this.#cases.get(name);
  }

  async encode() {
    this.#output = await this.#pipeline(this.#texts, { pooling: 'mean', normalize: true });
  }

  vectors() {
    const [texts, width] = this.#output.dims;
    return Array.from({ length: texts }, (_, i) => this.#output.data.subarray(i * width, (i + 1) * width));
  }

  memory() {
    return null;
  }
}
