// Where a model may come from, and what is refused on the way.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { fault, load, model, serve, SMALL } from './support.js';

const { createEmbedder } = await load('node.js');
const path = model(SMALL);
const bytes = await readFile(path);
const sha256 = createHash('sha256').update(bytes).digest('hex');

/** Whether a model loads and computes, in a worker and without one. */
async function works(source, options = {}) {
  for (const worker of [true, false]) {
    const embedder = await createEmbedder({ model: await source(), worker, ...options });
    assert.equal((await embedder.encode('a')).dim, 384);
    assert.equal((await embedder.info()).fileBytes, bytes.length);
    embedder.dispose();
  }
}

/** Whether a model is refused with a code, in a worker and without one. */
async function refused(source, name, code, options = {}) {
  for (const worker of [true, false]) {
    await assert.rejects(createEmbedder({ model: await source(), worker, ...options }), fault(name, code));
  }
}

test('every form of a model is read', async (t) => {
  const url = await serve(t, (_, response) => createReadStream(path).pipe(response));
  await works(() => path);
  await works(() => pathToFileURL(path));
  await works(() => url);
  await works(() => new URL(url));
  await works(() => fetch(url));
  await works(() => new Response(bytes));
  await works(() => new Blob([bytes]));
  await works(() => new File([bytes], 'model.minilm'));
  await works(() => bytes);
  await works(() => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
});

test('the hash that is asked for must be that of the file', async () => {
  await works(() => path, { sha256 });
  await works(() => path, { sha256: sha256.toUpperCase() });
  await refused(() => path, 'ModelError', 'model-sha256', {
    sha256: sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
  });
  await refused(() => path, 'InputError', 'invalid-option', { sha256: 'abc' });
});

test('progress ends at the size of the file', async (t) => {
  const url = await serve(t, (_, response) => createReadStream(path).pipe(response));
  for (const [source, from] of [
    [url, 'network'],
    [path, 'memory'],
  ]) {
    for (const worker of [true, false]) {
      const seen = [];
      const embedder = await createEmbedder({ model: source, worker, progress: (progress) => seen.push(progress) });
      embedder.dispose();
      assert.ok(seen.length > 10);
      seen.forEach((progress, index) => {
        assert.equal(progress.from, from);
        assert.equal(progress.total, bytes.length);
        assert.ok(index === 0 || progress.loaded > seen[index - 1].loaded);
      });
      assert.equal(seen.at(-1).loaded, bytes.length);
    }
  }
});

test('files that are none are refused early', async () => {
  await refused(() => new URL('../js/package.json', import.meta.url), 'ModelError', 'model-invalid');
  await refused(() => new Blob(['<!doctype html>']), 'ModelError', 'model-invalid');
  await refused(() => new Blob([]), 'ModelError', 'model-truncated');
  await refused(() => bytes.subarray(0, 100), 'ModelError', 'model-truncated');
  await refused(() => bytes.subarray(0, bytes.length - 1), 'ModelError', 'model-truncated');
  await refused(() => new Blob([bytes, '!']), 'ModelError', 'model-invalid');
  const damaged = Buffer.from(bytes);
  damaged[bytes.length >> 1] ^= 1;
  await refused(() => damaged, 'ModelError', 'model-checksum');
  const huge = new TextEncoder().encode(JSON.stringify({ a: { data_offsets: [0, 4_200_000_000] } }));
  const prefix = new Uint8Array(8);
  prefix[0] = huge.length;
  await refused(() => new Blob([prefix, huge]), 'EngineError', 'memory');
  await refused(() => '/no/such/file', 'DownloadError', 'file');
  await refused(() => 7, 'InputError', 'invalid-input');
  await refused(() => undefined, 'InputError', 'invalid-option');
  await refused(() => path, 'InputError', 'invalid-option', { workres: 2 });
  await refused(() => path, 'EngineError', 'unsupported', { wasm: new Uint8Array([1, 2, 3]) });
});

test('a server that does not deliver is named', async (t) => {
  const missing = await serve(t, (_, response) => response.writeHead(404).end('no'));
  await refused(() => missing, 'DownloadError', 'http-status');
  await refused(() => fetch(missing), 'DownloadError', 'http-status');
  const silent = await serve(t, (request) => request.socket.destroy());
  await refused(() => silent, 'DownloadError', 'network');
});

test('a download that breaks off is taken up where it was', async (t) => {
  const ranges = [];
  let rest = 2;
  const url = await serve(t, (request, response) => {
    ranges.push(request.headers.range ?? '');
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { etag: '"1"', 'content-length': bytes.length - start };
    response.writeHead(start ? 206 : 200, headers);
    rest -= 1;
    if (rest < 0) return response.end(bytes.subarray(start));
    return response.write(bytes.subarray(start, start + 5_000_000), () => request.socket.destroy());
  });
  const embedder = await createEmbedder({ model: url, worker: false, sha256 });
  embedder.dispose();
  assert.equal(ranges.length, 3);
  assert.match(ranges[2], /^bytes=\d+-$/);

  const changing = await serve(t, (request, response) => {
    const etag = `"${Math.random()}"`;
    response.writeHead(request.headers.range ? 206 : 200, { etag, 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1_000_000), () => request.socket.destroy());
  });
  await refused(() => changing, 'DownloadError', 'network');
});

test('a signal ends a download', async (t) => {
  const url = await serve(t, (_, response) => response.write(bytes.subarray(0, 200_000)));
  for (const worker of [true, false]) {
    const signal = AbortSignal.timeout(300);
    await assert.rejects(createEmbedder({ model: url, worker, signal }), { name: 'TimeoutError' });
    await assert.rejects(createEmbedder({ model: url, worker, signal: AbortSignal.abort() }), { name: 'AbortError' });
  }
});
