// The converter: from every form of a model directory to the bytes that the native one writes.

import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { fault, load, serve, SMALL, LARGE } from '../support.js';

const { convertModel, ConvertError } = await load('convert/node.js');
const { createEmbedder } = await load('node.js');
const { MINILM_TEST_MODELS } = process.env;
const directory = (name) => join(MINILM_TEST_MODELS, name);
const expected = (name, precision) => readFile(join(MINILM_TEST_MODELS, `${name}-${precision}.minilm`));

/** The files of a model directory: path and file. */
async function files(name) {
  const found = [];
  for (const path of await readdir(directory(name), { recursive: true })) {
    const file = join(directory(name), path);
    if ((await stat(file)).isFile()) found.push({ path, file });
  }
  return found;
}

const blobs = async (name) =>
  Promise.all((await files(name)).map(async ({ path, file }) => ({ path, blob: await openAsBlob(file) })));

/** A directory as small as one can be, with files changed, or left out where they are `undefined`. */
function tiny(changes = {}) {
  const plain = {
    'config.json': '{"model_type": "bert", "architectures": ["BertModel"]}',
    'vocab.txt': '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n',
    'model.safetensors': '',
  };
  const entries = Object.entries({ ...plain, ...changes }).filter(([, text]) => text !== undefined);
  return entries.map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
}

/** A hub with one model; `asked` collects its requests. */
async function hub(t, { name = SMALL, sizes = true, token, broken } = {}) {
  const asked = [];
  const there = await files(name);
  const siblings = await Promise.all(
    there.map(async ({ path, file }) => ({ rfilename: path, ...(sizes && { size: (await stat(file)).size }) })),
  );
  const address = await serve(t, async (request, response) => {
    const { pathname } = new URL(request.url, 'http://hub');
    asked.push(pathname);
    if (token && request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end();
    if (pathname === `/api/models/owner/${name}/revision/v1`) return response.end(JSON.stringify({ siblings }));
    const file = there.find(({ path }) => pathname === `/owner/${name}/resolve/v1/${path}`)?.file;
    if (!file) return response.writeHead(404).end();
    const content = await readFile(file);
    return response.end(basename(file) === broken ? content.subarray(1) : content);
  });
  return { endpoint: new URL(address).origin, asked };
}

test('the bytes are those of the native converter', async (t) => {
  for (const precision of ['int8', 'int6-e4', 'f32']) {
    const seen = [];
    const { bytes, info } = await convertModel(directory(SMALL), { precision, progress: (step) => seen.push(step) });
    assert.ok(Buffer.from(bytes).equals(await expected(SMALL, precision)), precision);
    assert.deepEqual([info.name, info.precision, info.dim, info.fileBytes], [SMALL, precision, 384, bytes.length]);
    assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['read', 'convert']);
    for (const phase of ['read', 'convert']) {
      const fractions = seen.filter((step) => step.phase === phase).map(({ fraction }) => fraction);
      assert.equal(fractions.at(-1), 1);
      assert.deepEqual(
        fractions,
        [...fractions].sort((a, b) => a - b),
      );
    }
  }
  const { bytes, info } = await convertModel(pathToFileURL(directory(LARGE)));
  assert.ok(Buffer.from(bytes).equals(await expected(LARGE, 'int8')));
  // The module's memory, which holds the source and the packed file, and the file as it is given out.
  const source = (await files(LARGE)).find(({ path }) => path === 'model.safetensors');
  const [took, given] = [info.memoryBytes + bytes.length, (await stat(source.file)).size];
  t.diagnostic(`${LARGE}: ${took} bytes for a source of ${given}`);
  assert.ok(took < 2 * given, `${took} of ${given}`);
});

test('files and bytes are a directory, with its name in front or without it', async () => {
  // `f32` needs no calibration, which takes most of the time.
  const native = await expected(SMALL, 'f32');
  const same = ({ bytes }) => assert.ok(Buffer.from(bytes).equals(native));
  const plain = await blobs(SMALL);
  same(await convertModel(plain, { name: SMALL, precision: 'f32', worker: false }));
  same(
    await convertModel(
      plain.map(({ path, blob }) => ({ path: `./${SMALL}/${path}`, blob })),
      { precision: 'f32' },
    ),
  );
  const bytes = await Promise.all(plain.map(async ({ path, blob }) => ({ path, bytes: await blob.arrayBuffer() })));
  const { bytes: packed } = await convertModel(bytes, { name: SMALL, precision: 'f32' });
  same({ bytes: packed });
  assert.ok(bytes.every((file) => file.bytes.byteLength > 0));
  const embedder = await createEmbedder({ model: packed });
  assert.equal((await embedder.encode('a')).dim, 384);
  embedder.dispose();
});

test('a hub is asked for what is read, and for nothing else', async (t) => {
  for (const sizes of [true, false]) {
    const { endpoint, asked } = await hub(t, { sizes, token: 'secret' });
    const source = { hub: `owner/${SMALL}`, endpoint, revision: 'v1', token: 'secret' };
    const seen = new Set();
    const { bytes, info } = await convertModel(source, {
      name: SMALL,
      precision: 'f32',
      progress: ({ phase }) => seen.add(phase),
    });
    assert.ok(Buffer.from(bytes).equals(await expected(SMALL, 'f32')));
    assert.deepEqual([info.name, ...seen], [SMALL, 'download', 'convert']);
    const listing = `/api/models/owner/${SMALL}/revision/v1`;
    const wanted = [
      '1_Pooling/config.json',
      'config.json',
      'model.safetensors',
      'modules.json',
      'sentence_bert_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ];
    assert.deepEqual(
      asked.toSorted(),
      [listing, ...wanted.map((path) => `/owner/${SMALL}/resolve/v1/${path}`)].toSorted(),
    );
    await assert.rejects(convertModel({ ...source, token: undefined }), fault('DownloadError', 'http-status'));
    await assert.rejects(convertModel({ ...source, revision: 'v2' }), fault('DownloadError', 'http-status'));
  }
  const { endpoint } = await hub(t, { broken: 'config.json' });
  await assert.rejects(
    convertModel({ hub: `owner/${SMALL}`, endpoint, revision: 'v1' }),
    fault('DownloadError', 'file'),
  );
  const silent = new URL(await serve(t, (request) => request.socket.destroy())).origin;
  await assert.rejects(convertModel({ hub: 'a/b', endpoint: silent }), fault('DownloadError', 'network'));
  const page = new URL(await serve(t, (_, response) => response.end('<!doctype html>'))).origin;
  await assert.rejects(convertModel({ hub: 'a/b', endpoint: page }), fault('DownloadError', 'network'));
});

test('what is wrong with a directory is said', async () => {
  const refused = async (files, code, message, file) => {
    for (const worker of [true, false]) {
      await assert.rejects(convertModel(files, { worker }), (error) => {
        assert.ok(error instanceof ConvertError, error);
        assert.deepEqual([error.name, error.code, error.file], ['ConvertError', code, file]);
        assert.match(error.message, message);
        return true;
      });
    }
  };
  await refused(tiny({ 'config.json': undefined }), 'source-missing-file', /no `config.json`/, 'config.json');
  await refused(tiny({ 'config.json': '{' }), 'source-json', /^config.json: /, 'config.json');
  await refused(tiny({ 'config.json': '{"model_type": "t5"}' }), 'source-unsupported', /t5/);
  await refused(
    tiny({ 'model.safetensors': undefined, 'model.gguf': '' }),
    'source-no-weights',
    /`model.gguf` is a GGUF file/,
  );
  const gguf = await blobs(SMALL);
  gguf.find(({ path }) => path === 'model.safetensors').blob = new Blob(['GGUF']);
  await refused(gguf, 'source-weights', /it is a GGUF file/, 'model.safetensors');
  const hostile = gguf.filter(({ path }) => path !== 'model.safetensors');
  // os.system("true"), as a pickle.
  hostile.push({ path: 'pytorch_model.bin', blob: new Blob(["cos\nsystem\n(S'true'\ntR."]) });
  await refused(hostile, 'source-weights', /./, 'pytorch_model.bin');
});

test('arguments are looked at before any work', async () => {
  const refused = (source, options, code = 'invalid-option') =>
    assert.rejects(convertModel(source, options), fault('InputError', code));
  await refused(tiny(), { precision: 'int4' });
  await refused(tiny(), { name: '' });
  await refused(tiny(), { progress: 1 });
  await refused(tiny(), { signal: 1 });
  await refused(tiny(), { precison: 'f32' });
  await refused(7, {}, 'invalid-input');
  await refused([7], {}, 'invalid-input');
  for (const hub of ['a/b/c', '../b', 'a--b/c', 'a/', '']) await refused({ hub }, {}, 'invalid-input');
  await refused({ hub: 'a/b', endpoint: 'file:///a' }, {});
  await refused({ hub: 'a/b', revison: 'main' }, {});
  await assert.rejects(convertModel('/no/such/directory'), fault('DownloadError', 'file'));
  await assert.rejects(convertModel(tiny(), { wasm: new Uint8Array([1, 2, 3]) }), fault('EngineError', 'unsupported'));
});

test('a signal ends a conversion', async () => {
  for (const worker of [true, false]) {
    for (const phase of ['read', 'convert']) {
      const controller = new AbortController();
      const steps = [];
      const progress = (step) => {
        steps.push(step);
        if (step.phase === phase) controller.abort();
      };
      await assert.rejects(convertModel(directory(SMALL), { worker, progress, signal: controller.signal }), {
        name: 'AbortError',
      });
      // Between layers at the latest.
      assert.ok(steps.filter((step) => step.phase === phase).length <= 2);
    }
    await assert.rejects(convertModel(directory(SMALL), { worker, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  }
});
