// The tab "Use another model": a dropped folder, a hub on this machine, and what is kept of both.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { clickInTime, downloaded, fillIn, inBrowsers, newPage, ready, show, text, texts, until } from './support.js';

const { MINILM_TEST_MODELS } = process.env;
const NAME = 'paraphrase-MiniLM-L3-v2';
const directory = join(MINILM_TEST_MODELS, NAME);
const native = (precision) => readFile(join(MINILM_TEST_MODELS, `${NAME}-${precision}.minilm`));

/** A hub with one model, that pages of any site may ask. */
async function serveHub(t) {
  const there = await readdir(directory, { recursive: true });
  const siblings = [];
  for (const path of there) {
    const found = await stat(join(directory, path));
    if (found.isFile()) siblings.push({ rfilename: path.replaceAll('\\', '/'), size: found.size });
  }
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://hub');
    response.setHeader('access-control-allow-origin', '*');
    if (pathname === `/api/models/owner/${NAME}/revision/main`) return response.end(JSON.stringify({ siblings }));
    const path = pathname.replace(`/owner/${NAME}/resolve/main/`, '');
    if (!siblings.some(({ rfilename }) => rfilename === path)) return response.writeHead(404).end();
    return response.end(await readFile(join(directory, path)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, paths: siblings.map(({ rfilename }) => rfilename) };
}

/** Drops a folder with the files of the hub, but for some, as browsers hand over folders. */
const dropFolder = (page, hub, left = []) =>
  page.evaluate(
    async (url, name, paths) => {
      const files = new Map();
      for (const path of paths)
        files.set(path, await (await fetch(`${url}/owner/${name}/resolve/main/${path}`)).blob());
      const file = (path) => ({
        isFile: true,
        name: path.split('/').at(-1),
        file: (done) => done(new File([files.get(path)], path)),
      });
      const folder = (name, entries) => {
        const parts = [entries, []];
        return { isFile: false, name, createReader: () => ({ readEntries: (done) => done(parts.shift() ?? []) }) };
      };
      const inner = paths.filter((path) => path.startsWith('1_Pooling/')).map(file);
      const outer = paths.filter((path) => !path.includes('/')).map(file);
      const event = new Event('drop', { bubbles: true, cancelable: true });
      const entry = folder(name, [...outer, folder('1_Pooling', inner)]);
      event.dataTransfer = { items: [{ kind: 'file', webkitGetAsEntry: () => entry }], files: [] };
      document.getElementById('convert-drop').dispatchEvent(event);
    },
    hub.url,
    NAME,
    hub.paths.filter((path) => !left.includes(path)),
  );

/** Waits until the model in use is the one whose line matches. */
const inUse = (page, line) =>
  until(
    page,
    (line) => {
      const used = [...document.querySelectorAll('#convert-models li')].find(
        (item) => item.textContent.endsWith('In useDownload') || item.textContent.endsWith('In use'),
      );
      return (
        Boolean(used && new RegExp(line).test(used.textContent)) && document.getElementById('convert-cancel').hidden
      );
    },
    line,
  );

inBrowsers('another model', async (t, { browser, downloads, server, kind }) => {
  const hub = await serveHub(t);
  const { page, faults } = await newPage(browser);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(server.url);
  await ready(page);
  await show(page, 'convert');

  await t.test('a folder that is no model is refused, and nothing else is lost', async () => {
    assert.ok(!asked.some((url) => url.endsWith('minilm-convert.wasm')), 'the converter was loaded for nothing');
    await dropFolder(page, hub, ['model.safetensors']);
    await until(page, () => !document.getElementById('convert-error').hidden);
    assert.match(await text(page, '#convert-error'), /^the model directory has no weights/);
    assert.equal(await text(page, '#convert-status'), 'Not converted.');
  });

  await t.test('a dropped folder is converted and used in every tab', async () => {
    await page.click('[name="convert-precision"][value="int8"]');
    await dropFolder(page, hub);
    await inUse(page, `^${NAME} int8, `);
    t.diagnostic(`${kind}: ${await text(page, '#convert-status')}`);
    assert.match(await text(page, '#convert-status'), /384 dimensions, converted in .*; kept in this browser\.$/);
    assert.ok(await page.$eval('#convert-error', (node) => node.hidden));
    await show(page, 'about');
    await until(page, (name) => document.getElementById('about-model').textContent.includes(name), NAME);
    await show(page, 'search');
    await page.type('#query', 'my card was stolen');
    await until(page, () => document.querySelectorAll('#answers li').length > 0);
  });

  await t.test('the file is that of the native converter', async () => {
    await show(page, 'convert');
    await page.evaluate(() =>
      [...document.querySelectorAll('#convert-models button')]
        .find((button) => button.textContent === 'Download')
        .click(),
    );
    const file = await downloaded(downloads, `${NAME}-int8.minilm`);
    assert.ok((await readFile(file)).equals(await native('int8')));
  });

  await t.test('a hub is asked for a model, and the conversion can be cancelled', async () => {
    // `f32` needs no calibration, which takes most of the time.
    await fillIn(page, '#convert-endpoint', hub.url);
    await fillIn(page, '#convert-name', 'owner/no-model');
    await page.click('#convert-start');
    await until(page, () => document.getElementById('convert-error').textContent.includes('404'));
    // What browsers say of requests that fail, and nothing else.
    assert.ok(faults.splice(0).every((fault) => !fault.startsWith('policy:')));
    await fillIn(page, '#convert-name', `owner/${NAME}`);
    await page.click('[name="convert-precision"][value="f32"]');
    await page.evaluate(clickInTime, 'convert-status', 'Converting', 'convert-cancel');
    await page.click('#convert-start');
    await until(page, () => document.getElementById('convert-status').textContent === 'Cancelled.');
    await page.click('#convert-start');
    await inUse(page, `^owner/${NAME} f32, `);
    assert.equal((await texts(page, '#convert-models li')).length, 3);
  });

  await t.test('what was chosen is used on the next visit, without the network, until another is', async () => {
    await page.reload();
    assert.match(await ready(page), /from this device/);
    await show(page, 'convert');
    await inUse(page, `^owner/${NAME} f32, `);
    // The converter was kept when it was used.
    await server.stop();
    await page.click('[name="convert-precision"][value="f32"]');
    await dropFolder(page, hub);
    await inUse(page, `^${NAME} f32, `);
    assert.match(await text(page, '#convert-status'), new RegExp(`^${NAME}: `));
    await server.again();
    for (const left of [3, 2]) {
      await page.evaluate(() =>
        [...document.querySelectorAll('#convert-models button')]
          .find((button) => button.textContent === 'Remove')
          .click(),
      );
      await until(page, (left) => document.querySelectorAll('#convert-models li').length === left, left);
    }
    await page.evaluate(() =>
      [...document.querySelectorAll('#convert-models button')].find((button) => button.textContent === 'Use').click(),
    );
    await inUse(page, 'of this site');
    await page.reload();
    await ready(page);
    await show(page, 'convert');
    await inUse(page, 'of this site');
  });

  assert.deepEqual(faults, []);
});
