import { createEmbedder } from 'minilm-wasm';
import { convertModel } from 'minilm-wasm/convert';

import serviceWorker from './service-worker.js?worker&url';

const model = '/models/paraphrase-MiniLM-L3-v2-int8.minilm';

globalThis.encode = async (text, options) => {
  const embedder = await createEmbedder({ model, ...options });
  const { data } = await embedder.encode(text);
  embedder.dispose();
  return Array.from(data);
};

globalThis.encodeInServiceWorker = async (text) => {
  const registration = await navigator.serviceWorker.register(serviceWorker, {
    type: import.meta.env.DEV ? 'module' : 'classic',
  });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  worker.postMessage({ model, text }, [port2]);
  return answer;
};

// What the converter says in its worker of a directory without a configuration.
globalThis.convert = () => convertModel([{ path: 'vocab.txt', bytes: new Uint8Array() }]).catch(({ code }) => code);

globalThis.ready = true;
