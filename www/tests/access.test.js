// Everyone can use the page: axe, keyboard, narrow screens, both themes, nothing that jumps.

import assert from 'node:assert/strict';

import { require } from '../../wasm/web/tests/browser/launch.js';
import {
  TABS,
  connect,
  dropFile,
  fillIn,
  inBrowsers,
  newPage,
  ready,
  serveKnowledgeBase,
  show,
  text,
  until,
} from './support.js';

const { source: AXE } = require('axe-core');
const WIDTHS = [1280, 360];

inBrowsers('access', async (t, { browser, server, kind }) => {
  const { page, faults } = await newPage(browser);
  await page.evaluateOnNewDocument(() => {
    window.shifted = 0;
    if (!PerformanceObserver.supportedEntryTypes.includes('layout-shift')) return;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(server.url);
  await ready(page);

  await t.test('nothing moves while the page loads', async () => {
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: 800 });
      await page.reload();
      await ready(page);
      await until(page, () => document.querySelectorAll('.matrix td').length > 0);
      const shifted = await page.evaluate(() => window.shifted);
      t.diagnostic(`${kind}, ${width} px: shifted ${shifted.toFixed(4)}`);
      assert.ok(shifted < 0.01, `${shifted}`);
    }
  });

  await t.test('the keyboard reaches every tab and what is in it', async () => {
    await page.setViewport({ width: 1280, height: 900 });
    const focused = () => page.evaluate(() => document.activeElement.id);
    await page.focus('#tab-similarity');
    for (const tab of [...TABS.slice(1), 'similarity']) {
      await page.keyboard.press('ArrowRight');
      assert.equal(await focused(), `tab-${tab}`);
      const open = await page.$$eval('[role="tabpanel"]:not([hidden])', (nodes) => nodes.map((node) => node.id));
      assert.deepEqual(open, [`panel-${tab}`]);
      assert.equal(await page.evaluate(() => location.hash), `#${tab}`);
    }
    await page.keyboard.press('End');
    assert.equal(await focused(), 'tab-about');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'tab-about');
    await page.keyboard.press('Home');
    assert.equal(await focused(), 'tab-similarity');
    for (const expected of ['panel-similarity', 'similarity-texts']) {
      await page.keyboard.press('Tab');
      assert.equal(await focused(), expected);
    }
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement.tagName)) !== 'TD') await page.keyboard.press('Tab');
    const before = await text(page, '#matrix-pair');
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    assert.notEqual(await text(page, '#matrix-pair'), before);
    await page.goto(`${server.url}#map`);
    await page.reload();
    assert.equal(await page.$eval('#tab-map', (node) => node.getAttribute('aria-selected')), 'true');
    await ready(page);
  });

  await t.test('the theme is kept', async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const first = await background();
    await page.click('#theme');
    const second = await background();
    assert.notEqual(first, second);
    await page.reload();
    assert.equal(await background(), second);
    await page.click('#theme');
    assert.equal(await background(), first);
  });

  await t.test('axe finds nothing', async () => {
    await ready(page);
    const base = await serveKnowledgeBase(new URL(server.url).origin);
    t.after(base.stop);
    await fill(page, base);
    for (const theme of ['light', 'dark']) {
      await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme);
      for (const width of WIDTHS) {
        await page.setViewport({ width, height: 800 });
        for (const tab of TABS) {
          await show(page, tab);
          // A chart takes its new width when it has been laid out.
          await until(page, () => document.documentElement.scrollWidth <= innerWidth, tab, theme, width);
          await page.evaluate(AXE);
          const found = await page.evaluate(async () =>
            (await axe.run()).violations.map(
              ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`,
            ),
          );
          assert.deepEqual(found, [], `${tab}, ${theme}, ${width} px`);
        }
      }
    }
  });

  assert.deepEqual(faults, []);
});

/** Gives every tab something to show. */
async function fill(page, base) {
  await page.setViewport({ width: 1280, height: 900 });
  await show(page, 'search');
  await page.type('#query', 'lost card');
  await until(page, () => document.querySelectorAll('#answers li').length > 0);
  await show(page, 'map');
  await until(page, () => document.querySelectorAll('.point').length > 0);
  await show(page, 'file');
  await page.$eval('#file-input', (node) => {
    const files = new DataTransfer();
    files.items.add(new File(['name,text\na,first text\nb,second text\n'], 'two.csv'));
    node.files = files.files;
    node.dispatchEvent(new Event('change'));
  });
  await until(page, () => !document.getElementById('file-work').hidden);
  await page.click('#file-start');
  await until(page, () => !document.getElementById('file-npy').hidden);
  await show(page, 'knowledge');
  await connect(page, base);
  await dropFile(
    page,
    '#kb-drop',
    'one.json',
    '[{"id": "card", "question": "My card is lost", "answers": ["Tell us."]}]',
  );
  await until(page, () => document.getElementById('kb-added').textContent.includes('put in'));
  await page.type('#kb-query', 'lost card');
  await until(page, () => document.querySelectorAll('#kb-answers li').length > 0);
  await show(page, 'convert');
  await fillIn(page, '#convert-name', 'no/such/name');
  await page.click('#convert-start');
  await until(page, () => !document.getElementById('convert-error').hidden);
  await show(page, 'benchmark');
  await page.click('#bench-start');
  await until(page, () => document.getElementById('bench-status').textContent.endsWith('one worker.'));
  await show(page, 'about');
  await until(page, () => document.getElementById('about-model').children.length > 0);
}
