// LlamaIndex: OpenAI and Ollama. It has no client of text-embeddings-inference in TypeScript.

import { test } from 'node:test';

import { embed, headers, key, model, require, same, TEXTS, url } from './support.js';

const { OpenAIEmbedding } = require('@llamaindex/openai');
const { OllamaEmbedding } = require('@llamaindex/ollama');

test('LlamaIndex, OpenAI', async () => {
  const client = new OpenAIEmbedding({ model, apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  const expected = await embed(TEXTS);
  same(await client.getTextEmbeddings(TEXTS), expected);
  // It cuts its list into batches of its own.
  same(await client.getTextEmbeddingsBatch([...TEXTS, ...TEXTS, ...TEXTS, ...TEXTS]), [
    ...expected,
    ...expected,
    ...expected,
    ...expected,
  ]);
  same([await client.getQueryEmbedding({ type: 'text', text: TEXTS[0] })], expected.slice(0, 1));
});

test('LlamaIndex, Ollama', async () => {
  const client = new OllamaEmbedding({ model, config: { host: url, headers } });
  // It asks the older route, which gives the vector as the model does.
  same([await client.getTextEmbedding(TEXTS[0])], await embed(TEXTS.slice(0, 1), { normalize: false }));
});
