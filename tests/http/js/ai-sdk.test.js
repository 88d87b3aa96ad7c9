// Vercel's AI SDK: its provider for servers like OpenAI's, and one for Ollama.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  embed as expect,
  embedMany as expectMany,
  headers,
  key,
  MANY,
  model,
  require,
  same,
  status,
  TEXTS,
  url,
} from './support.js';

const { embed, embedMany } = require('ai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');
const { createOllama } = require('ollama-ai-provider-v2');

const PROVIDERS = {
  'openai-compatible': createOpenAICompatible({ name: 'minilm', baseURL: `${url}/v1`, apiKey: key }),
  ollama: createOllama({ baseURL: `${url}/api`, headers }),
};

for (const [name, provider] of Object.entries(PROVIDERS)) {
  test(`AI SDK, ${name}: embed and embedMany`, async () => {
    const expected = await expect(TEXTS);
    const embedder = provider.embeddingModel(model);
    const one = await embed({ model: embedder, value: TEXTS[0], maxRetries: 0 });
    same([one.embedding], expected.slice(0, 1));
    assert.ok(one.usage.tokens > 0);
    same((await embedMany({ model: embedder, values: TEXTS, maxRetries: 0 })).embeddings, expected);
  });

  test(`AI SDK, ${name}: errors`, async () => {
    const call = embed({ model: provider.embeddingModel('other'), value: 'a', maxRetries: 0 });
    await assert.rejects(call, (error) => {
      // The provider of Ollama reads the message of an error as OpenAI has it, so it shows none.
      assert.match(error.responseBody, /not found/);
      return status(404)(error);
    });
  });
}

test('AI SDK, openai-compatible: 2,000 texts', async () => {
  const embedder = PROVIDERS['openai-compatible'].embeddingModel(model);
  same((await embedMany({ model: embedder, values: MANY, maxRetries: 0 })).embeddings, await expectMany());
});
