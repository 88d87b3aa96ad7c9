// OpenAI's own client, in Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { embed, key, model, require, same, status, TEXTS, url } from './support.js';

const { OpenAI } = require('openai');
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const rows = ({ data }) => data.map(({ embedding }) => embedding);

test('OpenAI: a string, a list, and either encoding', async () => {
  same(rows(await client.embeddings.create({ model, input: TEXTS[0] })), await embed(TEXTS.slice(0, 1)));
  const expected = await embed(TEXTS);
  // Without a format the client asks for base64 and decodes it.
  same(rows(await client.embeddings.create({ model, input: TEXTS })), expected);
  same(rows(await client.embeddings.create({ model, input: TEXTS, encoding_format: 'float' })), expected);
});

test('OpenAI: models, dimensions and usage', async () => {
  const listed = await client.models.list();
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    [model],
  );
  assert.equal((await client.models.retrieve(model)).id, model);
  const answer = await client.embeddings.create({ model, input: TEXTS, dimensions: 64 });
  same(rows(answer), await embed(TEXTS, { dimensions: 64 }));
  assert.equal(answer.usage.prompt_tokens, answer.usage.total_tokens);
});

test('OpenAI: errors have their classes', async () => {
  await assert.rejects(client.embeddings.create({ model: 'other', input: 'a' }), OpenAI.NotFoundError);
  await assert.rejects(client.embeddings.create({ model, input: [] }), OpenAI.BadRequestError);
  await assert.rejects(client.embeddings.create({ model, input: 'a', dimensions: 0 }), (error) => {
    assert.equal(error.param, 'dimensions');
    return error instanceof OpenAI.UnprocessableEntityError;
  });
  const other = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(other.embeddings.create({ model, input: 'a' }), status(401));
});
