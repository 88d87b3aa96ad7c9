// An embedder that is disposed of gives its memory back and takes no more calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { fault, load, model, SMALL } from './support.js';

const { createEmbedder } = await load('node.js');
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

// A single model has 18 MB.
const ROOM = 60e6;

test('calls after it are refused', async () => {
  for (const worker of [true, false]) {
    const embedder = await createEmbedder({ model: model(SMALL), worker });
    embedder.dispose();
    embedder.dispose();
    for (const call of [embedder.encode('a'), embedder.tokenize('a'), embedder.info(), embedder.similarity([1], [1])]) {
      await assert.rejects(call, fault('EngineError', 'disposed'));
    }
  }
});

test('calls under way are ended', async () => {
  const embedder = await createEmbedder({ model: model(SMALL), workers: 2 });
  const calls = Array.from({ length: 8 }, () => embedder.encode(Array(500).fill('some words')));
  embedder.dispose();
  for (const call of calls) await assert.rejects(call, fault('EngineError', 'disposed'));
});

for (const worker of [true, false]) {
  test(`100 rounds leave nothing behind, ${worker ? 'in workers' : 'inline'}`, async () => {
    const round = async () => {
      const embedder = await createEmbedder({ model: model(SMALL), worker });
      await embedder.encode('a');
      embedder.dispose();
    };
    for (let index = 0; index < 5; index += 1) await round();
    collect();
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 100; index += 1) await round();
    // What a worker had goes when its thread has ended, and other memory when V8 has swept it.
    let grown = Infinity;
    for (let tries = 0; tries < 40 && grown >= ROOM; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      collect();
      grown = process.memoryUsage().rss - before;
    }
    assert.ok(grown < ROOM, `grew by ${grown} bytes`);
  });
}
