// The package in a service worker, which has no workers of its own and may import nothing later on.

import { createEmbedder } from '/npm/src/browser.js';

addEventListener('install', () => skipWaiting());
addEventListener('message', ({ data: { model, text }, ports: [port] }) => {
  const answer = async () => {
    const embedder = await createEmbedder({ model });
    port.postMessage(Array.from((await embedder.encode(text)).data));
    embedder.dispose();
  };
  answer().catch((error) => port.postMessage(String(error)));
});
