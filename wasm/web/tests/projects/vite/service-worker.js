import { createEmbedder } from 'minilm-wasm';

addEventListener('message', ({ data: { model, text }, ports: [port] }) => {
  const answer = async () => {
    const embedder = await createEmbedder({ model });
    port.postMessage(Array.from((await embedder.encode(text)).data));
    embedder.dispose();
  };
  answer().catch((error) => port.postMessage(String(error)));
});
