// Serves the package, the models and the page, under the content security policy that the package promises to need no more than.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const { MINILM_PACKAGE, MINILM_TEST_MODELS } = process.env;
const FOLDERS = {
  npm: MINILM_PACKAGE,
  models: MINILM_TEST_MODELS,
  tests: fileURLToPath(new URL('.', import.meta.url)),
  golden: fileURLToPath(new URL('../../../../tests/golden', import.meta.url)),
};
const TYPES = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm', json: 'application/json' };
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/**
 * Starts the server. `done` has the results of the page, once it ends.
 * @returns {Promise<{ url: string, done: Promise<{ agent: string, results: { name: string, note?: string, error?: string }[] }>, close: () => void }>}
 */
export async function start() {
  const results = [];
  let offline = false;
  let finish;
  const done = new Promise((resolve) => (finish = resolve));

  async function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (request.method === 'POST') {
      const value = JSON.parse(await text(request));
      if (pathname === '/offline') offline = value;
      if (pathname === '/result') results.push(value);
      if (pathname === '/done') finish({ agent: value.agent, results });
      return response.writeHead(204).end();
    }
    if (pathname === '/slow') {
      createReadStream(join(FOLDERS.models, 'slice-L3-of-all-MiniLM-L6-v2-int8.minilm'), { end: 500_000 }).pipe(response, { end: false });
      return undefined;
    }
    const [, folder, ...rest] = normalize(pathname).split('/');
    const file = FOLDERS[folder] && join(FOLDERS[folder], ...rest);
    const size = file && (await stat(file).catch(() => undefined))?.size;
    if (!size || (offline && folder === 'models')) return response.writeHead(404).end();
    const type = TYPES[file.split('.').at(-1)] ?? 'application/octet-stream';
    // Nothing but the package's own cache may keep a file.
    response.writeHead(200, {
      'content-type': type,
      'content-length': size,
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
    });
    return createReadStream(file).pipe(response);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/tests/page.html`, done, close };
}

async function text(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
