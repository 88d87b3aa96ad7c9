// The package as `npm pack` makes it, installed into small projects that know nothing of it but its name.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expectedOf, model, SMALL } from '../support.js';
import { inBrowsers, ready } from '../browser/driver.js';
import { require } from '../browser/launch.js';

const { MINILM_TARBALL, MINILM_TEST_MODELS } = process.env;
const TEXT = 'Hello, World!';
const folders = [];
const npm = (folder, ...args) =>
  promisify(execFile)('npm', args, { cwd: folder, timeout: 180_000, shell: process.platform === 'win32' });

/** A copy of a project with what its lock file names and the package. */
async function installed(name) {
  const folder = await mkdtemp(join(tmpdir(), `minilm-${name}-`));
  folders.push(folder);
  await cp(fileURLToPath(new URL(name, import.meta.url)), folder, { recursive: true });
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  if (name !== 'node') await npm(folder, 'ci', ...quietly);
  await npm(folder, 'install', '--no-save', ...quietly, MINILM_TARBALL);
  return folder;
}

/** What a page of a project computes, in a worker, inline and in two workers. */
async function check(browser, address) {
  const page = await browser.newPage();
  await page.goto(address);
  await ready(page);
  const expected = await expectedOf(TEXT);
  for (const options of [{}, { worker: false }, { workers: 2 }]) {
    assert.deepEqual(await page.evaluate((text, options) => encode(text, options), TEXT, options), expected);
  }
  assert.equal(await page.evaluate(() => convert()), 'source-missing-file');
  return { page, expected };
}

/** The folder of a project that is built when it is first asked for. */
function built(name) {
  let folder;
  return () =>
    (folder ??= installed(name).then(async (folder) => {
      await npm(folder, 'run', 'build');
      return folder;
    }));
}

const vite = built('vite');
const webpack = built('webpack');

inBrowsers('a project of Vite, its service worker a classic script', async ({ browser, server }) => {
  server.folders = { '': join(await vite(), 'dist'), models: MINILM_TEST_MODELS };
  const { page, expected } = await check(browser, `${server.url}/index.html`);
  assert.deepEqual(await page.evaluate((text) => encodeInServiceWorker(text), TEXT), expected);
});

inBrowsers('a project of webpack', async ({ browser, server }) => {
  server.folders = { '': join(await webpack(), 'dist'), models: MINILM_TEST_MODELS };
  await check(browser, `${server.url}/index.html`);
});

// What esbuild makes of a program that takes the package from `entry`, and WebAssembly files of it by name.
async function esbuilt(entry, options, wasm = {}) {
  const outdir = await mkdtemp(join(tmpdir(), 'minilm-esbuild-'));
  folders.push(outdir);
  const contents = `
    import { createEmbedder } from '${entry}';
    import { convertModel } from 'minilm-wasm/convert';
    ${Object.entries(wasm)
      .map(([name, file]) => `import ${name} from 'minilm-wasm/${file}.wasm';`)
      .join('\n')}
    globalThis.encode = async (text, options) => {
      const embedder = await createEmbedder({ model: '/models/${SMALL}-int8.minilm', ${wasm.module ? 'wasm: module,' : ''} ...options });
      const { data } = await embedder.encode(text);
      embedder.dispose();
      return Array.from(data);
    };
    globalThis.convert = () => {
      const converted = convertModel([{ path: 'vocab.txt', bytes: new Uint8Array() }], ${wasm.converter ? '{ wasm: converter }' : '{}'});
      return converted.catch(({ code }) => code);
    };
    globalThis.ready = true;`;
  const stdin = { contents, resolveDir: await webpack(), sourcefile: 'main.js' };
  await require('esbuild').build({
    stdin,
    outdir,
    entryNames: 'main',
    bundle: true,
    minify: true,
    logLevel: 'error',
    ...options,
  });
  const kind = options.format === 'esm' ? 'module' : 'text/javascript';
  await writeFile(join(outdir, 'index.html'), `<!doctype html><script type="${kind}" src="main.js"></script>`);
  return outdir;
}

// With pieces, as Angular has it, and in one script.
const PIECES = { format: 'esm', splitting: true };
const SCRIPT = { format: 'iife', logOverride: { 'empty-import-meta': 'silent' } };
const FILES = { loader: { '.wasm': 'file' } };
let esbuild;

inBrowsers('a project of esbuild', async ({ browser, server }) => {
  esbuild ??= Promise.all([
    esbuilt('minilm-wasm/inline', { ...PIECES, ...FILES }, { converter: 'minilm-convert' }),
    esbuilt('minilm-wasm/inline', SCRIPT),
    esbuilt('minilm-wasm', { ...PIECES, ...FILES }, { module: 'minilm-simd128' }),
    esbuilt('minilm-wasm', PIECES),
    esbuilt('minilm-wasm', SCRIPT),
  ]);
  const [pieces, script, files, ...bare] = await esbuild;
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";
  // The projects have the same names.
  server.headers = { 'content-security-policy': policy, 'cache-control': 'no-store' };
  const serving = (folder) => {
    server.folders = { '': folder, models: MINILM_TEST_MODELS };
    return `${server.url}/index.html?${folder}`;
  };
  const { page, expected } = await check(browser, serving(pieces));
  for (const folder of [script, files]) {
    await page.goto(serving(folder));
    await ready(page);
    assert.deepEqual(await page.evaluate((text) => encode(text), TEXT), expected);
  }
  for (const [index, folder] of bare.entries()) {
    await page.goto(serving(folder));
    await ready(page);
    const refused = (worker) => encode('a', { worker }).catch(({ name, code, message }) => ({ name, code, message }));
    const { name, code, message } = await page.evaluate(refused, index === 0);
    assert.deepEqual(
      [name, code, await page.evaluate(() => convert())],
      ['DownloadError', 'package-file', 'package-file'],
    );
    assert.match(message, /import from 'minilm-wasm\/inline'/);
  }
});

inBrowsers('the server of Vite for developers', async ({ t, browser }) => {
  const folder = await vite();
  await cp(model(SMALL), join(folder, 'public/models', `${SMALL}-int8.minilm`));
  const program = join(folder, 'node_modules/vite/bin/vite.js');
  const child = spawn(process.execPath, [program, '--host', '127.0.0.1', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  });
  t.after(() => child.kill());
  let output = '';
  const address = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(output)));
    child.stdout.on('data', (data) => {
      output += data;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(output);
      if (found) resolve(found[0]);
    });
  });
  await check(browser, address);
});

test('a project of Node', async () => {
  const folder = await installed('node');
  for (const source of [model(SMALL), join(MINILM_TEST_MODELS, SMALL)]) {
    const { stdout } = await promisify(execFile)(process.execPath, ['index.js', source, TEXT], { cwd: folder });
    assert.deepEqual(JSON.parse(stdout), await expectedOf(TEXT));
  }
  // A bundler that takes the programs along and no other files.
  const contents = `
    import { createEmbedder } from 'minilm-wasm';
    import { convertModel } from 'minilm-wasm/convert';
    async function main([packed, directory], told) {
      for (const worker of [true, false]) {
        for (const call of [() => createEmbedder({ model: packed, worker }), () => convertModel(directory, { worker })]) {
          await call().catch(({ name, code, message }) => told.push([name, code, /minilm-wasm.*external/.test(message)]));
        }
      }
      console.log(JSON.stringify(told));
    }
    main(process.argv.slice(2), []);`;
  for (const format of ['esm', 'cjs']) {
    const outfile = join(folder, `bundle/main.${format === 'esm' ? 'mjs' : 'cjs'}`);
    await require('esbuild').build({
      stdin: { contents, resolveDir: folder },
      outfile,
      format,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [
      outfile,
      model(SMALL),
      join(MINILM_TEST_MODELS, SMALL),
    ]);
    const [worker, file] = [
      ['EngineError', 'worker', true],
      ['DownloadError', 'package-file', true],
    ];
    assert.deepEqual(JSON.parse(stdout), [worker, worker, file, file]);
  }
});

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, maxRetries: 5 });
});
