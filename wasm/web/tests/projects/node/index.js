import { createEmbedder } from 'minilm-wasm';
import { convertModel } from 'minilm-wasm/convert';

const [, , model, ...texts] = process.argv;
// A packed file, or a directory that is converted first.
const packed = model.endsWith('.minilm') ? model : (await convertModel(model)).bytes;
const embedder = await createEmbedder({ model: packed, workers: 2 });
const { data } = await embedder.encode(texts);
console.log(JSON.stringify(Array.from(data)));
