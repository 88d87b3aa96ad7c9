// Without a network, without a model, with half of one, and with a newer page.

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SITE, clickInTime, inBrowsers, newPage, ready, serve, show, text, until } from './support.js';

inBrowsers('offline', async (t, { browser, server }) => {
  await t.test('after the first visit the page needs no server', async () => {
    const { page, faults } = await newPage(browser);
    await page.goto(server.url);
    assert.match(await ready(page), /from the network/);
    await kept(page);
    assert.deepEqual(faults, []);
    await server.stop();
    await page.reload();
    assert.match(await ready(page), /from this device/);
    await show(page, 'search');
    await page.type('#query', 'lost card');
    await until(page, () => document.querySelectorAll('#answers li').length === 6);
    await show(page, 'about');
    await until(page, () => document.getElementById('about-storage').textContent.includes('works offline'));
    await server.again();
    await page.close();
  });

  await t.test('a download can be cancelled and begun again', async () => {
    const { page } = await newPage(browser);
    await page.goto(server.url);
    await ready(page);
    await page.evaluate(async () => {
      for (const name of await caches.keys()) await caches.delete(name);
    });
    await page.evaluateOnNewDocument(clickInTime, 'model-detail', 'from the network', 'model-action');
    await page.reload();
    await until(page, () => document.getElementById('model-state').textContent === 'Cancelled');
    assert.equal(await text(page, '#model-action'), 'Load the model');
    await page.click('#model-action');
    await ready(page);
    await page.close();
  });

  await t.test('a model that is not there is an error that can be mended, and a newer page is offered', async (t) => {
    const site = await mkdtemp(join(tmpdir(), 'minilm-site-'));
    t.after(() => rm(site, { recursive: true, force: true }));
    await cp(SITE, site, { recursive: true });
    await rename(join(site, 'models'), join(site, 'away'));
    const other = await serve(site);
    t.after(other.stop);
    const { page } = await newPage(browser);
    await page.goto(other.url);
    await until(page, () => document.getElementById('model-action').textContent === 'Try again');
    assert.equal(await text(page, '#model-state'), 'The model could not be loaded');
    assert.match(await text(page, '#model-detail'), /404/);
    await rename(join(site, 'away'), join(site, 'models'));
    await page.click('#model-action');
    await ready(page);
    await kept(page);

    for (const [name, from, to] of [
      ['index.html', 'Texts compared', 'Sentences compared'],
      ['sw.js', /"version": "\w+"/, '"version": "newer"'],
    ]) {
      const file = join(site, name);
      await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
      await rm(`${file}.gz`, { force: true });
    }
    await page.reload();
    assert.match(await text(page, '.tagline'), /^Texts/);
    await until(page, () => document.querySelector('.notice button') !== null);
    // From inside: the page is another one before puppeteer's own click has ended.
    await page.$eval('.notice button', (node) => node.click());
    await until(page, () => document.querySelector('.tagline')?.textContent.startsWith('Sentences'));
    await page.close();
  });
});

/** Waits until the service worker has the whole page, and the page. */
const kept = (page) =>
  until(page, async () =>
    Boolean((await navigator.serviceWorker.getRegistration())?.active && navigator.serviceWorker.controller),
  );
