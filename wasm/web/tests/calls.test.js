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
  assert.deepEqual(embeddings.model, {
    name: SMALL,
    modelSha256: (await embedder.info()).modelSha256,
    precision: 'int8',
  });
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
  for (const [input, options, code] of refused)
    await assert.rejects(embedder.encode(input, options), fault('InputError', code));
  await assert.rejects(embedder.encode('a', { truncateDim: 385 }), {
    option: 'truncateDim',
    message: /385 is not in 1\.\.=384/,
  });
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
  assert.deepEqual(
    hits[0].map(({ score }) => score),
    near.sort((a, b) => b - a),
  );
  const short = await embedder.encode(all.slice(0, 5), { truncateDim: 32 });
  assert.equal((await embedder.search(all[2], short))[0].index, 2);
  assert.equal((await embedder.search('car', ['a stone', 'an automobile']))[0].index, 1);
  assert.deepEqual(await embedder.search('car', []), []);
  await assert.rejects(embedder.similarity(corpus, short), fault('InputError', 'invalid-option'));
  await assert.rejects(embedder.similarity([[1, 2], [1]]), fault('InputError', 'rows'));
});

test('only vectors that can be compared are', async () => {
  const corpus = await embedder.encode(all.slice(0, 20));
  const refused = (value, code, message) => async () => {
    const matches = (error) => fault('InputError', code)(error) && message.test(error.message);
    await assert.rejects(embedder.search(all[0], value), matches);
    await assert.rejects(embedder.search(value, corpus), matches);
    await assert.rejects(embedder.similarity(corpus, value), matches);
    await assert.rejects(embedder.similarity(value), matches);
  };
  for (const precision of ['int8', 'uint8', 'binary', 'ubinary']) {
    const kept = await embedder.encode(all.slice(0, 20), { precision });
    assert.equal(kept.precision, precision);
    const named = new RegExp(`must have the precision float32, not ${precision}$`);
    for (const value of [kept, [...kept], [corpus.row(0), kept.row(0)]]) await refused(value, 'invalid-input', named)();
    // A copy carries nothing but its type.
    await refused([kept.row(0).slice()], 'invalid-input', /must have floats, not the values of a (Int8|Uint8)Array/)();
  }
  const { name } = corpus.model;
  for (const model of [
    { ...corpus.model, modelSha256: '0'.repeat(64) },
    { ...corpus.model, precision: 'f32' },
  ]) {
    const other = Embeddings.from({ data: corpus.data.slice(), dim: corpus.dim, model });
    for (const value of [other, [...other], [corpus.row(0), other.row(1)]]) {
      await refused(value, 'invalid-input', new RegExp(`must be of the model ${name} \\(int8, .* not of ${name} `))();
    }
  }
  const numbers = Array.from(corpus.row(0));
  for (const wrong of [NaN, Infinity, 1e300, null, '1', undefined, true]) {
    await refused(
      [numbers, numbers.with(7, wrong)],
      'invalid-input',
      /vector 1 of \w+ has (the value|a value that is no number).* at position 7/,
    )();
  }
  await refused(new Float32Array(384).fill(NaN), 'invalid-input', /NaN at position 0/)();
  await refused([numbers, numbers.slice(1)], 'rows', /vector 1 of \w+ has 383 values, the first has 384/)();
  await refused([...numbers, 1], 'rows', /have 385 values, those of the model 1 to 384/)();
  await refused(corpus.data, 'rows', /have 7680 values/)();
  for (const value of [[[]], [numbers, 'text'], { length: 1 }, structuredClone(corpus)])
    await refused(value, 'invalid-input', /./)();
  await assert.rejects(embedder.search(all[0], structuredClone(corpus)), /Embeddings\.from/);

  // Bits as numbers are as short as the first dimensions of vectors: who means those says so.
  const bits = Array.from(await embedder.encode(all.slice(0, 20), { precision: 'binary' }), (row) => Array.from(row));
  await assert.rejects(embedder.search(all[0], bits), {
    code: 'invalid-option',
    option: 'truncateDim',
    message: /must be 48, if/,
  });
  const short = await embedder.encode(all.slice(0, 20), { truncateDim: 48 });
  const first = (corpus, options) => embedder.search(all[3], corpus, { topK: 5, ...options });
  const expected = await first(short);
  assert.deepEqual(await first([...short]), expected);
  assert.deepEqual(
    await first(
      Array.from(short, (row) => Array.from(row)),
      { truncateDim: 48 },
    ),
    expected,
  );
  assert.deepEqual(
    await first(
      Array.from(short, (row) => Float64Array.from(row)),
      { truncateDim: 48 },
    ),
    expected,
  );
});

test('embeddings are made of those that were kept', async () => {
  const corpus = await embedder.encode(all.slice(0, 20));
  const expected = await embedder.search(all[3], corpus);
  const { data, dim, model } = corpus;
  for (const fields of [
    corpus,
    structuredClone(corpus),
    { data: new Float32Array([0, ...data]).subarray(1), dim, model: await embedder.info() },
    { data: Array.from(data), dim, model, tokens: Array.from(corpus.tokens) },
  ]) {
    const made = Embeddings.from(fields);
    assert.ok(made instanceof Embeddings);
    assert.deepEqual([made.length, made.precision, made.model, made.row(2)], [20, 'float32', model, corpus.row(2)]);
    assert.deepEqual(await embedder.search(all[3], made), expected);
  }
  assert.deepEqual(Embeddings.from(structuredClone(corpus)), corpus);
  assert.deepEqual([...Embeddings.from({ data, dim, model }).tokens], []);
  assert.equal(Embeddings.from({ data: [], dim, model }).length, 0);
  const bits = await embedder.encode(all.slice(0, 20), { precision: 'binary' });
  assert.deepEqual(Embeddings.from(structuredClone(bits)), bits);

  const kept = structuredClone(corpus);
  for (const [change, option] of [
    [{ data: kept.data.subarray(1) }, 'dim'],
    [{ dim: 0 }, 'dim'],
    [{ dim: 383 }, 'dim'],
    [{ dim: undefined }, 'dim'],
    [{ data: undefined }, 'data'],
    [{ data: kept.data.buffer }, 'data'],
    [{ data: JSON.parse(JSON.stringify(kept.data)) }, 'data'],
    [{ precision: 'binary' }, 'data'],
    [{ data: bits.data, dim: 48, precision: undefined }, 'precision'],
    [{ precision: 'float16' }, 'precision'],
    [{ model: undefined }, 'model'],
    [{ model: { ...model, modelSha256: 'abc' } }, 'model'],
    [{ tokens: [1] }, 'tokens'],
    [{ truncated: 7 }, 'truncated'],
    [{ truncated: null }, 'truncated'],
  ]) {
    assert.throws(
      () => Embeddings.from({ ...kept, ...change }),
      (error) => fault('InputError', 'invalid-option')(error) && error.option === option,
    );
  }
  for (const none of [undefined, null, 7, {}]) assert.throws(() => Embeddings.from(none), InputError);
  for (const data of [kept.data.with(9, NaN), Array.from(kept.data).with(9, 'a')]) {
    assert.throws(() => Embeddings.from({ ...kept, data }), fault('InputError', 'invalid-input'));
  }
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
