// What can be told without a browser: the map's arithmetic against another library, files against their formats, and what is searched.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { newest } from '../js/hits.js';
import { json, npy } from '../js/npy.js';
import { twoComponents } from '../js/pca.js';
import { require } from '../../wasm/web/tests/browser/launch.js';

const { PCA } = require('ml-pca');

test('the map is a principal component analysis', () => {
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const rows = Array.from({ length: 60 }, () =>
    Array.from({ length: 20 }, (_, column) => random() * (column === 3 ? 4 : column === 7 ? 2 : 1) + 5),
  );
  const { points, explained } = twoComponents(rows);
  const oracle = new PCA(rows);
  oracle
    .getExplainedVariance()
    .slice(0, 2)
    .forEach((share, axis) => assert.ok(Math.abs(share - explained[axis]) < 1e-6));
  const expected = oracle.predict(rows, { nComponents: 2 }).to2DArray();
  for (const axis of [0, 1]) {
    const sign = Math.sign(points[0][axis] * expected[0][axis]);
    points.forEach((point, row) => assert.ok(Math.abs(point[axis] - sign * expected[row][axis]) < 1e-4));
  }
});

test('a map of equal texts is a point', () => {
  const { points, explained } = twoComponents([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  assert.deepEqual(points, [
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  assert.deepEqual(explained, [0, 0]);
});

test('arrays have the header of NumPy', async () => {
  for (const shape of [[2], [1, 2], [123456, 0]]) {
    const bytes = Buffer.from(await npy(Float32Array.of(1, -2), shape).arrayBuffer());
    const length = bytes.readUInt16LE(8);
    assert.equal((10 + length) % 64, 0);
    assert.match(bytes.subarray(10, 10 + length).toString(), /^\{'descr': '<f4', .*\} *\n$/);
    assert.deepEqual([bytes.readFloatLE(10 + length), bytes.readFloatLE(14 + length)], [1, -2]);
  }
});

test('vectors become JSON piece by piece', async () => {
  const texts = Array.from({ length: 1201 }, (_, index) => `"${index}"`);
  const read = JSON.parse(
    await json(
      'model',
      texts,
      Float32Array.from({ length: 2402 }, (_, index) => index),
      2,
    ).text(),
  );
  assert.deepEqual(read.embeddings.at(-1), { text: '"1200"', vector: [2400, 2401] });
  assert.equal(read.embeddings.length, 1201);
});

test('the sample questions are enough, and no two the same', async () => {
  const questions = JSON.parse(await readFile(new URL('../data/questions.json', import.meta.url), 'utf8'));
  assert.ok(questions.length >= 150);
  for (const key of ['question', 'answer'])
    assert.equal(new Set(questions.map((item) => item[key])).size, questions.length);
  for (const item of questions) assert.deepEqual(Object.keys(item), ['topic', 'question', 'answer']);
});

test('the newest text is searched, also after one that fails', async () => {
  const box = { value: 'a' };
  const [searched, failures] = [[], []];
  /** Ends the search that is under way. */
  let end;
  const search = (text) => {
    searched.push(text);
    return new Promise((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
  };
  const update = newest(box, search, (error) => failures.push(error.message));

  const first = update();
  for (const value of ['ab', 'abc ']) {
    box.value = value;
    update();
  }
  end(new Error('no'));
  // Until what hangs on it has run.
  await new Promise((resolve) => setTimeout(resolve));
  end();
  await first;
  assert.deepEqual([searched, failures], [['a', 'abc'], ['no']]);

  await update();
  assert.equal(searched.length, 2, 'the text that is shown is not searched again');
  for (const error of [new Error('away'), undefined]) {
    const again = update({ anew: error !== undefined });
    end(error);
    await again;
  }
  assert.deepEqual(
    [searched, failures],
    [
      ['a', 'abc', 'abc', 'abc'],
      ['no', 'away'],
    ],
  );
});
