// LangChain: OpenAI, Ollama, and Hugging Face's client, which text-embeddings-inference also answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { embed, embedMany, headers, key, MANY, model, require, same, TEXTS, url } from './support.js';

const { OpenAIEmbeddings } = require('@langchain/openai');
const { OllamaEmbeddings } = require('@langchain/ollama');
const { HuggingFaceInferenceEmbeddings } = require('@langchain/community/embeddings/hf');

const CLIENTS = {
  OpenAI: new OpenAIEmbeddings({ model, apiKey: key, maxRetries: 0, configuration: { baseURL: `${url}/v1` } }),
  Ollama: new OllamaEmbeddings({ model, baseUrl: url, headers, maxRetries: 0 }),
  'Hugging Face': new HuggingFaceInferenceEmbeddings({ model, apiKey: key, endpointUrl: url, maxRetries: 0 }),
};

for (const [name, client] of Object.entries(CLIENTS)) {
  test(`LangChain, ${name}: a query and documents`, async () => {
    const expected = await embed(TEXTS);
    same([await client.embedQuery(TEXTS[0])], expected.slice(0, 1));
    same(await client.embedDocuments(TEXTS), expected);
  });

  test(`LangChain, ${name}: 2,000 documents`, async () => {
    same(await client.embedDocuments(MANY), await embedMany());
  });
}

test('LangChain: errors reach the caller', async () => {
  const wrong = new OllamaEmbeddings({ model: 'other', baseUrl: url, headers, maxRetries: 0 });
  await assert.rejects(wrong.embedQuery('a'), /not found/);
});
