import { createEmbedder } from 'minilm-wasm';
import { convertModel } from 'minilm-wasm/convert';

const model = '/models/paraphrase-MiniLM-L3-v2-int8.minilm';

globalThis.encode = async (text, options) => {
  const embedder = await createEmbedder({ model, ...options });
  const { data } = await embedder.encode(text);
  embedder.dispose();
  return Array.from(data);
};

// What the converter says in its worker of a directory without a configuration.
globalThis.convert = () => convertModel([{ path: 'vocab.txt', bytes: new Uint8Array() }]).catch(({ code }) => code);

globalThis.ready = true;
