// What becomes of the package in this part of the extension.

import { SERVER } from './config.js';
import { createEmbedder } from './npm/src/browser.js';

/** Tells the server the vector of a text, with the model from the extension and from the server. */
export async function report(part) {
  const tell = (value) => fetch(`${SERVER}/told`, { method: 'POST', body: JSON.stringify({ part, ...value }) });
  try {
    const found = [];
    for (const model of [
      chrome.runtime.getURL('model.minilm'),
      `${SERVER}/models/paraphrase-MiniLM-L3-v2-int8.minilm`,
    ]) {
      const embedder = await createEmbedder({ model });
      const { data } = await embedder.encode('Hello, World!');
      found.push({ vector: Array.from(data), cached: (await embedder.info()).cached });
      embedder.dispose();
    }
    await tell({ kind: typeof ServiceWorkerGlobalScope === 'undefined' ? 'window' : 'service worker', found });
  } catch (error) {
    await tell({ error: `${error}\n${error?.stack}` });
  }
}
