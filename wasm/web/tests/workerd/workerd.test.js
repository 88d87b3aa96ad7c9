// The package in workerd, the engine of Cloudflare's Workers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { require } from '../browser/launch.js';
import { expected, model, serve, SMALL, texts } from '../support.js';

const { MINILM_PACKAGE } = process.env;

/** The program; `undefined` where there is none for this machine. */
function program() {
  try {
    return require.resolve(`@cloudflare/workerd-${process.platform}-${process.arch.replace('x64', '64')}/bin/workerd`);
  } catch {
    return undefined;
  }
}

/** A configuration with the package as modules, under the names that they have for each other. */
async function configuration(folder, models) {
  const embed = (file) => JSON.stringify(relative(folder, file));
  const src = join(MINILM_PACKAGE, 'src');
  const programs = (await readdir(src)).filter((name) => name.endsWith('.js') && !name.startsWith('node'));
  const modules = [
    `(name = "worker.js", esModule = embed ${embed(fileURLToPath(new URL('worker.js', import.meta.url)))})`,
    `(name = "minilm-wasm/minilm.wasm", wasm = embed ${embed(join(MINILM_PACKAGE, 'wasm', 'minilm-simd128.wasm'))})`,
    // Names are addresses: what a program imports is sought beside its own name.
    ...programs.map(
      (name) =>
        `(name = "minilm-wasm/${name.replace(/^workerd.js$/, 'workerd')}", esModule = embed ${embed(join(src, name))})`,
    ),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${modules.join(',\n')}],
      compatibilityDate = "2025-06-01",
      bindings = [(name = "MODELS", service = "models")],
    )),
    (name = "models", external = (address = ${JSON.stringify(new URL(models).host)}, http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/** Starts a program; resolves with its port. */
function listening(child) {
  let output = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}: ${output}`)));
    child.stderr.on('data', (data) => (output += data));
    child.stdio[3].on('data', (data) => {
      for (const line of String(data).split('\n').filter(Boolean)) {
        const { event, port } = JSON.parse(line);
        if (event === 'listen') resolve(port);
      }
    });
  });
}

test('in workerd', {
  skip: program() ? false : 'there is no workerd for this machine',
  timeout: 120_000,
}, async (t) => {
  const models = await serve(t, (_, response) => createReadStream(model(SMALL)).pipe(response));
  const folder = await mkdtemp(join(tmpdir(), 'minilm-workerd-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, 'config.capnp');
  await writeFile(config, await configuration(folder, models));
  const child = spawn(program(), ['serve', config, '--control-fd=3'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const port = await listening(child);
  const ask = async (body) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(body) });
    return response.json();
  };
  const all = (await texts()).slice(0, 80);
  const { vectors, dim, backend, cached, ...error } = await ask({ texts: all });
  assert.deepEqual(error, {});
  assert.deepEqual([dim, backend, cached], [384, 'simd128', false]);
  assert.deepEqual(vectors, Array.from((await expected(SMALL)).slice(0, 80 * 384)));
  const refused = await ask({ texts: ['word '.repeat(1000)], options: { truncate: false } });
  assert.deepEqual([refused.name, refused.code], ['TooManyTokensError', 'too-many-tokens']);
});
