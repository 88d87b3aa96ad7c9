// Calls on a loaded model: options, results and what is refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { fault, load, model, SMALL, texts } from './support.js';

const { createEmbedder, Embeddings, InputError, MinilmError } = await load('node.js');
const all = await texts();
const LONG = 'word '.repeat(1000);
let embedder;
before(async () => (embedder = await createEmbedder({ model: model(SMALL) })));
after(() => embedder.dispose());

test('rows are views of one array', async () => {
  const embeddings = await embedder.encode(all.slice(0, 3));
  assert.ok(embeddings instanceof Embeddings);
  assert.equal(embeddings.length, 3);
  assert.equal(embeddings.row(2).buffer, embeddings.data.buffer);
  assert.deepEqual([...embeddings][1], embeddings.data.slice(384, 768));
  assert.deepEqual(embeddings.model, { name: SMALL, weightsSha256: (await embedder.info()).weightsSha256, precision: 'int8' });
  assert.throws(() => embeddings.row(3), fault('InputError', 'invalid-input'));
});

test('options do what they say', async () => {
  const { dim, data } = await embedder.encode(all.slice(0, 2), { truncateDim: 64, normalize: true });
  assert.equal(dim, 64);
  assert.ok(Math.abs(Math.hypot(...data.slice(0, 64)) - 1) < 1e-6);
  assert.deepEqual((await embedder.encode(LONG)).truncated, [true]);
  assert.equal((await embedder.encode(LONG, { maxSeqLength: 10 })).tokens[0], 10);
  const prompted = await embedder.encode('b', { prompt: 'a ' });
  assert.deepEqual(prompted.data, (await embedder.encode('a b')).data);
  assert.notDeepEqual((await embedder.encode('a b', { pooling: 'cls' })).data, prompted.data);
  assert.equal((await embedder.encode([])).length, 0);
});

test('every precision has its type', async () => {
  const part = all.slice(0, 100);
  const { data } = await embedder.encode(part);
  const ubinary = await embedder.encode(part, { precision: 'ubinary' });
  assert.ok(ubinary.data instanceof Uint8Array);
  assert.equal(ubinary.dim, 48);
  assert.equal(ubinary.data[0] >> 7, data[0] > 0 ? 1 : 0);
  const binary = await embedder.encode(part, { precision: 'binary' });
  assert.ok(binary.data instanceof Int8Array);
  assert.equal(binary.data[5], ubinary.data[5] - 128);
  // The ranges are those of the whole call, not of a batch of it.
  const int8 = await embedder.encode(part, { precision: 'int8' });
  for (let dimension = 0; dimension < 384; dimension += 50) {
    const column = Array.from(int8, (row) => row[dimension]);
    assert.equal(Math.min(...column), -128);
    assert.ok(Math.max(...column) >= 126);
  }
  await assert.rejects(embedder.encode('one', { precision: 'int8' }), fault('InputError', 'invalid-option'));
  const ranges = { min: new Float32Array(384).fill(-1), max: new Float32Array(384).fill(1) };
  assert.equal((await embedder.encode('one', { precision: 'uint8', ranges })).data.length, 384);
});

test('what is wrong is refused by name', async () => {
  const refused = [
    [[1], {}, 'invalid-input'],
    [{}, {}, 'invalid-input'],
    ['a', { normalise: true }, 'invalid-option'],
    ['a', { normalize: 1 }, 'invalid-option'],
    ['a', { truncateDim: 0 }, 'invalid-option'],
    [[], { truncateDim: 385 }, 'invalid-option'],
    ['a', { truncateDim: 1.5 }, 'invalid-option'],
    ['a', { maxSeqLength: 1 }, 'invalid-option'],
    ['a', { promptName: 'nothing' }, 'invalid-option'],
    ['a', { pooling: 'sum' }, 'invalid-option'],
    ['a', { precision: 'float16' }, 'invalid-option'],
    ['a', { signal: {} }, 'invalid-option'],
  ];
  for (const [input, options, code] of refused) await assert.rejects(embedder.encode(input, options), fault('InputError', code));
  await assert.rejects(embedder.encode('a', { truncateDim: 385 }), { option: 'truncateDim', message: /385 is not in 1\.\.=384/ });
});

test('a text that is too long is named by its place in the call', async () => {
  const many = [...Array(200).fill('a'), LONG];
  await assert.rejects(embedder.encode(many, { truncate: false }), (error) => {
    assert.equal(error.name, 'TooManyTokensError');
    assert.ok(error instanceof InputError && error instanceof MinilmError);
    assert.deepEqual([error.index, error.tokens, error.limit], [200, 1002, 128]);
    assert.match(error.message, /text 200 has 1002 tokens/);
    return true;
  });
  // The next call is not affected.
  assert.equal((await embedder.encode('a')).length, 1);
});

test('similarity and search agree', async () => {
  const corpus = await embedder.encode(all.slice(0, 50));
  const scores = await embedder.similarity(corpus);
  assert.deepEqual([scores.rows, scores.columns], [50, 50]);
  for (let row = 0; row < 50; row += 1) assert.ok(Math.abs(scores.row(row)[row] - 1) < 1e-5);
  const [first] = await embedder.search(all[7], corpus, { topK: 3 });
  assert.equal(first.index, 7);
  const hits = await embedder.search([corpus.row(3), corpus.row(4)], corpus, { topK: 50, threshold: 0.3 });
  assert.equal(hits.length, 2);
  const near = Array.from(scores.row(3)).filter((score) => score >= Math.fround(0.3));
  assert.equal(hits[0].length, near.length);
  assert.deepEqual(hits[0].map(({ score }) => score), near.sort((a, b) => b - a));
  const short = await embedder.encode(all.slice(0, 5), { truncateDim: 32 });
  assert.equal((await embedder.search(all[2], short))[0].index, 2);
  assert.equal((await embedder.search('car', ['a stone', 'an automobile']))[0].index, 1);
  assert.deepEqual(await embedder.search('car', []), []);
  await assert.rejects(embedder.similarity(corpus, short), fault('InputError', 'invalid-option'));
  await assert.rejects(embedder.similarity([[1, 2], [1]]), fault('InputError', 'rows'));
});

test('tokens are those that are read', async () => {
  const [tokens] = await embedder.tokenize('Hello, embeddings!');
  assert.deepEqual(tokens.tokens, ['[CLS]', 'hello', ',', 'em', '##bed', '##ding', '##s', '!', '[SEP]']);
  assert.equal(tokens.ids.length, (await embedder.encode('Hello, embeddings!')).tokens[0]);
  await assert.rejects(embedder.tokenize('a', { normalize: true }), fault('InputError', 'invalid-option'));
});

test('memory is that of the file and little more', async () => {
  await embedder.encode(all);
  const { memoryBytes, fileBytes } = await embedder.info();
  assert.ok(memoryBytes <= fileBytes + 16e6, `${memoryBytes} bytes for a file of ${fileBytes}`);
});

test('a signal ends a call between batches', async () => {
  for (const worker of [true, false]) {
    const own = await createEmbedder({ model: model(SMALL), worker });
    const controller = new AbortController();
    const call = own.encode(Array(5000).fill('some words to be encoded'), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 100);
    await assert.rejects(call, /enough/);
    await assert.rejects(own.encode('a', { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal((await own.encode('a')).length, 1);
    own.dispose();
  }
});
