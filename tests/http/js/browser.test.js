// The clients of OpenAI and Ollama in Chromium, on a page of another origin than the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { embed, key, model, modules, same, TEXTS, url } from './support.js';

const { MINILM_CHROMIUM } = process.env;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

/** Chromium on a page with the installed packages below `/packages`; gives what the page sends to `/told`. */
async function told(t) {
  const server = createServer();
  const message = new Promise((resolve) => {
    server.on('request', async (request, response) => {
      const { pathname } = new URL(request.url, 'http://localhost');
      if (pathname === '/told') return resolve(await json(request).finally(() => response.end()));
      if (pathname === '/given') return response.end(JSON.stringify({ url, key, model, texts: TEXTS }));
      const packaged = pathname.startsWith('/packages/') && normalize(pathname.slice('/packages/'.length));
      const file = packaged ? join(modules, packaged) : fileURLToPath(new URL('page.html', import.meta.url));
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      createReadStream(file)
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const profile = await mkdtemp(join(tmpdir(), 'minilm-clients-'));
  const flags = [
    '--headless',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    `--user-data-dir=${profile}`,
  ];
  // Chromium refuses to run as root otherwise, which is what containers do.
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  const browser = spawn(MINILM_CHROMIUM, [...flags, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
  t.after(async () => {
    const ended = once(browser, 'exit');
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return message;
}

const skip = MINILM_CHROMIUM ? false : 'there is no chromium';
test('in Chromium, from another origin', { skip, timeout: 120_000 }, async (t) => {
  const found = await told(t);
  assert.equal(found.error, undefined);
  const expected = await embed(TEXTS);
  same(found.openai, expected);
  assert.deepEqual(found.models, [model]);
  same(found.ollama, expected);
  assert.deepEqual(found.listed, [`${model}:latest`]);
  // The page may read why it was refused.
  assert.deepEqual([found.refused.status, found.refused.param], [422, 'dimensions']);
});
