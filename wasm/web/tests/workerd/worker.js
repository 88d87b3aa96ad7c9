// The package in workerd: the module is imported, compiled by the host, and the model comes over HTTP.

import { createEmbedder } from 'minilm-wasm/workerd';
import wasm from 'minilm-wasm/minilm.wasm';

let loading;

export default {
  async fetch(request, env) {
    const { texts, options } = await request.json();
    // A binding to the server of the models. What a request begins, others may wait for but not go on with.
    loading ??= env.MODELS.fetch('http://models/model.minilm').then((model) => createEmbedder({ model, wasm }));
    try {
      const embedder = await loading;
      const { data, dim } = await embedder.encode(texts, options);
      const { backend, cached } = await embedder.info();
      return Response.json({ vectors: Array.from(data), dim, backend, cached });
    } catch ({ name, code, message }) {
      return Response.json({ name, code, message }, { status: 400 });
    }
  },
};
