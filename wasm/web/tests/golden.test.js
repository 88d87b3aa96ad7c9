// Vectors, to the bit, against the native core.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expected, LARGE, load, model, SMALL, texts, wasm } from './support.js';

const { createEmbedder } = await load('node.js');
const all = await texts();
const bits = (floats) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

for (const name of [LARGE, SMALL]) {
  for (const options of [{ worker: false }, { worker: true }, { workers: 2 }]) {
    test(`${name} ${JSON.stringify(options)}`, async (t) => {
      const embedder = await createEmbedder({ model: model(name), ...options });
      t.after(() => embedder.dispose());
      const { data, dim, tokens, truncated } = await embedder.encode(all);
      assert.equal(dim, 384);
      assert.deepEqual(bits(data), bits(await expected(name)));
      assert.equal(tokens.length, all.length);
      const { maxSeqLength } = await embedder.info();
      truncated.forEach((cut, index) => assert.ok(!cut || tokens[index] === maxSeqLength));
    });
  }
}

test('a text alone has the vector that it has among others', async (t) => {
  const embedder = await createEmbedder({ model: model(SMALL) });
  t.after(() => embedder.dispose());
  const vectors = await expected(SMALL);
  for (let index = 0; index < all.length; index += 40) {
    const { data } = await embedder.encode(all[index]);
    assert.deepEqual(bits(data), bits(vectors.slice(index * 384, (index + 1) * 384)));
  }
});

test('a stream gives the vectors of a call', async (t) => {
  const embedder = await createEmbedder({ model: model(SMALL), workers: 2 });
  t.after(() => embedder.dispose());
  const vectors = await expected(SMALL);
  let at = 0;
  for await (const { data, length } of embedder.stream(all)) {
    assert.ok(length <= 64);
    assert.deepEqual(bits(data), bits(vectors.slice(at * 384, (at + length) * 384)));
    at += length;
  }
  assert.equal(at, all.length);
});

test('the build is the best that the engine takes, or the one that is passed in', async (t) => {
  // What Node 20 has behind a flag is not right.
  const sound = Number.parseInt(process.versions.node, 10) >= 22 && WebAssembly.validate(await wasm('relaxed-simd'));
  const own = await createEmbedder({ model: model(SMALL), worker: false });
  assert.equal((await own.info()).backend, sound ? 'relaxed-simd' : 'simd128');
  own.dispose();
  const vectors = await expected(SMALL);
  const { createEmbedder: inWorkerd } = await load('workerd.js');
  const { readFile } = await import('node:fs/promises');
  const embedder = await inWorkerd({
    model: await readFile(model(SMALL)),
    wasm: await WebAssembly.compile(await wasm('simd128')),
  });
  t.after(() => embedder.dispose());
  assert.equal((await embedder.info()).backend, 'simd128');
  const { data } = await embedder.encode(all.slice(0, 20));
  assert.deepEqual(bits(data), bits(vectors.slice(0, 20 * 384)));
});
