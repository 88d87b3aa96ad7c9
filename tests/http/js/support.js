// What the tests share: the server, packages of the cache folder, and how vectors are compared.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { MINILM_NODE_MODULES, MINILM_DEFAULTS_URL, MINILM_API_KEY } = process.env;
if (!MINILM_NODE_MODULES || !MINILM_DEFAULTS_URL) throw new Error('run the tests with `cargo xtask test clients`');

/** Packages that were installed for the tests. */
export const modules = MINILM_NODE_MODULES;
export const require = createRequire(join(modules, 'none.js'));

/** Address of a server with the limits that hold where nothing is set. */
export const url = MINILM_DEFAULTS_URL;
/** Its key. */
export const key = MINILM_API_KEY;
export const headers = { Authorization: `Bearer ${key}` };

export const TEXTS = ['A cat sleeps.', 'A kitten naps.', 'Stocks fell.'];
/** As many as popular clients put into one request. */
export const MANY = Array.from({ length: 2000 }, (_, index) => String(index));

/** The answer of a route. */
async function call(path, body) {
  const init = body && { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(url + path, { ...init, headers: { ...headers, 'content-type': 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Vectors by plain HTTP: what every client has to show. */
export const embed = (inputs, options) => call('/embed', { inputs, ...options });

export const { served_model_name: model, embedding_dimension: dim } = await call('/info');

let many;
/** Vectors of the many texts, computed once. */
export const embedMany = () => {
  many ??= embed(MANY);
  return many;
};

/** Rows of 32-bit floats, whose decimal digits in JSON give the same bits again. */
export function same(found, expected) {
  const floats = (rows) => rows.map((row) => Float32Array.from(row));
  assert.deepEqual(floats(found), floats(expected));
}

/** An assertion for `assert.rejects`: an error that tells the status. */
export const status = (expected) => (error) => {
  assert.equal(error.status ?? error.status_code ?? error.statusCode ?? error.httpResponse?.status, expected, error);
  return true;
};
