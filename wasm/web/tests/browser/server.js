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
  bench: fileURLToPath(new URL('../../../../bench/web', import.meta.url)),
  golden: fileURLToPath(new URL('../../../../tests/golden', import.meta.url)),
};
const TYPES = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm', json: 'application/json' };
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

// Milliseconds for what was sent to be read: browsers drop what is still on its way when a connection breaks.
const GRACE = 500;

// Extensions tell it things too.
const ALLOWED = { 'access-control-allow-origin': '*' };

/** A server on a port of this machine. */
class Server {
  #server = createServer((request, response) => {
    this.#answer(request, response).catch((error) => response.destroy(error));
  });
  #port = 0;
  #told = [];
  #tell;
  /** Requests for models: the range that each asks for. */
  asked = [];
  /** Bytes of a model after which the connection is cut, or, if it `stalls`, gives no more. */
  cut = Infinity;
  stalls = false;
  /** Milliseconds before a model. */
  delay = 0;

  /** What it serves: folders by the first part of a path; that without a name has the rest. */
  folders = FOLDERS;
  /** Headers of every answer. */
  headers = { 'content-security-policy': POLICY };

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get page() {
    return `${this.url}/tests/page.html`;
  }

  /** Listens, after `close` on the same port. */
  async open() {
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve));
    this.#port = this.#server.address().port;
  }

  async close() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The next thing that a page tells. */
  async told() {
    if (this.#told.length === 0) await new Promise((resolve) => (this.#tell = resolve));
    return this.#told.shift();
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    if (request.method === 'POST') {
      this.#told.push(await json(request));
      this.#tell?.();
      return response.writeHead(204, ALLOWED).end();
    }
    const [, folder, ...rest] = normalize(pathname).split('/');
    const file = this.folders[folder]
      ? join(this.folders[folder], ...rest)
      : this.folders[''] && join(this.folders[''], pathname);
    const found = file && (await stat(file).catch(() => undefined));
    if (!found?.isFile()) return response.writeHead(404).end();
    const model = folder === 'models';
    const range = model ? request.headers.range : undefined;
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (model) {
      this.asked.push(range ?? '');
      await new Promise((resolve) => setTimeout(resolve, this.delay));
    }
    // Nothing but the package's own cache may keep a model.
    response.writeHead(start ? 206 : 200, {
      'content-type': TYPES[file.split('.').at(-1)] ?? 'application/octet-stream',
      'content-length': found.size - start,
      'cache-control': model ? 'no-store' : 'max-age=3600',
      etag: `"${found.mtimeMs}"`,
      ...this.headers,
    });
    const end = model ? Math.min(start + this.cut, found.size) - 1 : found.size - 1;
    const stream = createReadStream(file, { start, end });
    stream.pipe(response, { end: end === found.size - 1 });
    if (end < found.size - 1 && !this.stalls) stream.once('end', () => setTimeout(() => response.destroy(), GRACE));
  }
}

async function json(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return JSON.parse(body);
}

/** Starts a server for the page. */
export async function start() {
  const server = new Server();
  await server.open();
  return server;
}
