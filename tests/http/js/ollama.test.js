// Ollama's own client, in Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dim, embed, headers, model, require, same, status, TEXTS, url } from './support.js';

const { Ollama } = require('ollama');
const client = new Ollama({ host: url, headers });

test('Ollama: embed and embeddings', async () => {
  const expected = await embed(TEXTS);
  same((await client.embed({ model, input: TEXTS })).embeddings, expected);
  same((await client.embed({ model: `${model}:latest`, input: TEXTS[0] })).embeddings, expected.slice(0, 1));
  const dimensions = 64;
  same((await client.embed({ model, input: TEXTS, dimensions })).embeddings, await embed(TEXTS, { dimensions }));
  const { embedding } = await client.embeddings({ model, prompt: TEXTS[0] });
  same([embedding], await embed(TEXTS.slice(0, 1), { normalize: false }));
});

test('Ollama: list, ps, show and version', async () => {
  const [listed, running] = await Promise.all([client.list(), client.ps()]);
  // The names of Ollama have a tag.
  for (const { models } of [listed, running]) {
    assert.deepEqual(
      models.map(({ name, model }) => [name, model]),
      [[`${model}:latest`, `${model}:latest`]],
    );
  }
  const shown = await client.show({ model: listed.models[0].name });
  assert.deepEqual(shown.capabilities, ['embedding']);
  // A client finds the fields by the name of the architecture.
  const { model_info: info } = shown;
  assert.equal(info[`${info['general.architecture']}.embedding_length`], dim);
  assert.ok((await client.version()).version);
});

test('Ollama: errors are read', async () => {
  await assert.rejects(client.embed({ model: 'llama3', input: 'a' }), status(404));
  await assert.rejects(client.embed({ model, input: 'word '.repeat(600), truncate: false }), (error) => {
    assert.match(error.error, /tokens/);
    return status(422)(error);
  });
});
