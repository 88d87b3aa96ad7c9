import { createEmbedder } from 'minilm-wasm';

const [, , model, ...texts] = process.argv;
const embedder = await createEmbedder({ model, workers: 2 });
const { data } = await embedder.encode(texts);
console.log(JSON.stringify(Array.from(data)));
