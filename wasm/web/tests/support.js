// What the tests share: the package under test, the models, and a server for files.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { MINILM_PACKAGE, MINILM_TEST_MODELS } = process.env;
if (!MINILM_PACKAGE || !MINILM_TEST_MODELS) throw new Error('run the tests with `cargo xtask test`');

/** A module of the package. */
export const load = (name) => import(pathToFileURL(join(MINILM_PACKAGE, 'src', name)).href);

export const LARGE = 'all-MiniLM-L6-v2';
export const SMALL = 'paraphrase-MiniLM-L3-v2';

/** Path of a packed model. */
export const model = (name) => join(MINILM_TEST_MODELS, `${name}-int8.minilm`);

/** A WebAssembly file of the package. */
export const wasm = (build) => readFile(join(MINILM_PACKAGE, 'wasm', `minilm-${build}.wasm`));

/** The golden texts. */
export const texts = async () =>
  JSON.parse(await readFile(new URL('../../../tests/golden/texts.json', import.meta.url), 'utf8'));

/** Vectors of the golden texts by the native core `[texts, 384]`. */
export async function expected(name) {
  const { buffer, byteOffset, length } = await readFile(join(MINILM_TEST_MODELS, `${name}-int8.vectors`));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
}

/** The vector of one of the golden texts. */
export async function expectedOf(text, name = SMALL) {
  const index = (await texts()).indexOf(text);
  if (index < 0) throw new Error(`${text} is no golden text`);
  return Array.from((await expected(name)).slice(index * 384, (index + 1) * 384));
}

/**
 * Answers with `handle(request, response)` on a port of this machine until the test ends.
 * @returns the address
 */
export async function serve(t, handle) {
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/model.minilm`;
}

/** An assertion for `assert.rejects`: an error of a class of the package with a code. */
export const fault = (name, code) => (error) => {
  if (error.name !== name || error.code !== code) throw error;
  return true;
};
