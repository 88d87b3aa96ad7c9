import { createEmbedder } from 'minilm-wasm';

const model = '/models/paraphrase-MiniLM-L3-v2-int8.minilm';

globalThis.encode = async (text, options) => {
  const embedder = await createEmbedder({ model, ...options });
  const { data } = await embedder.encode(text);
  embedder.dispose();
  return Array.from(data);
};

globalThis.ready = true;
