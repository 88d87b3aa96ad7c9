// Every tab does what it is for, with the values that the package gives in Node.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { require } from '../../wasm/web/tests/browser/launch.js';
import {
  SITE,
  clickInTime,
  downloaded,
  dropFile,
  fillIn,
  inBrowsers,
  inNode,
  newPage,
  ready,
  show,
  text,
  texts,
  until,
} from './support.js';

const questions = JSON.parse(await readFile(join(SITE, 'data/questions.json'), 'utf8'));
const embedder = await inNode();
const corpus = await embedder.encode(questions.map(({ question }) => question));

inBrowsers('the tabs', async (t, { browser, downloads, server, kind }) => {
  const { page, faults } = await newPage(browser);
  await page.goto(server.url);
  t.diagnostic(`${kind}: ${await ready(page)}`);

  await t.test('similarity', async () => {
    const lines = await page.$eval('#similarity-texts', (node) => node.value.split('\n'));
    await until(page, (count) => document.querySelectorAll('.matrix td[tabindex]').length === count, lines.length ** 2);
    await matrixIs(page, lines);

    const typed = [
      'The sun rises in the east.',
      '  Morning begins with light. ',
      '',
      'Wrocław, naïve – 日本語',
      'The sun rises in the east.',
    ];
    await fillIn(page, '#similarity-texts', typed.join('\n'));
    await until(page, () => document.querySelectorAll('.matrix td[tabindex]').length === 16);
    await matrixIs(page, typed.map((line) => line.trim()).filter(Boolean));
    assert.match(await text(page, '#matrix-pair'), /^1\.000 between 1 and 4/);

    const long = Array(70)
      .fill('a line')
      .map((line, index) => `${line} ${index}`);
    long[3] = 'long '.repeat(400);
    await fillIn(page, '#similarity-texts', long.join('\n'));
    await until(page, () => document.querySelectorAll('.matrix.dense td[tabindex]').length === 64 ** 2);
    assert.match(await text(page, '#similarity-hint'), /first 64 of 70 lines.*1 text is longer/);
  });

  await t.test('search', async () => {
    await show(page, 'search');
    for (const [query, expected] of [
      ['my card was stolen', 'My library card is gone. What should I do?'],
      ['can I bring my puppy', 'Can I bring my dog?'],
      ['when is story hour for little kids', 'When is story time for toddlers?'],
    ]) {
      await page.$eval('#query', (node) => (node.value = ''));
      await page.type('#query', query);
      const hits = await embedder.search(query, corpus, { topK: 6 });
      const found = hits.map(({ index }) => questions[index].question);
      assert.equal(found[0], expected);
      // The last scores too: answers to what was typed before the last letter may be the same ones.
      const last = hits.at(-1).score;
      await until(
        page,
        (found, last) => {
          const score = Number([...document.querySelectorAll('#answers .score')].at(-1)?.textContent);
          const shown = [...document.querySelectorAll('#answers h2')].map((node) => node.textContent);
          return shown.join() === found.join() && Math.abs(score - last) < 0.001;
        },
        found,
        last,
      );
      const scores = (await texts(page, '#answers .score')).map(Number);
      hits.forEach(({ score }, index) => assert.ok(Math.abs(score - scores[index]) < 0.001));
      assert.match(
        await text(page, '#search-time'),
        new RegExp(`^[\\d,.]+ ms for the text and ${questions.length} comparisons$`),
      );
    }
    t.diagnostic(`${kind}: ${await text(page, '#search-time')}`);
    await page.click('#suggestions button');
    await until(
      page,
      (first) => document.querySelector('#answers h2').textContent === first,
      'My library card is gone. What should I do?',
    );
  });

  await t.test('map', async () => {
    await show(page, 'map');
    await until(page, (count) => document.querySelectorAll('.point').length === count, questions.length);
    const { PCA } = require('ml-pca');
    const explained = new PCA([...corpus].map((row) => [...row])).getExplainedVariance();
    const [, first, second] = (await text(page, '#map-note')).match(/hold ([\d.]+) and ([\d.]+) %/);
    assert.ok(
      Math.abs(first - explained[0] * 100) < 0.06 && Math.abs(second - explained[1] * 100) < 0.06,
      `${first} ${second}`,
    );

    await page.$eval('.point[tabindex="0"]', (node) => node.focus());
    const seen = new Set();
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowUp']) {
      await page.keyboard.press(key);
      const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
      seen.add(name);
      assert.equal(await text(page, '.tip'), name);
      await until(page, (name) => document.querySelector('#map-selected h2').textContent === name, name);
      const index = questions.findIndex(({ question }) => question === name);
      const near = (await embedder.search(corpus.row(index), corpus, { topK: 6 })).filter((hit) => hit.index !== index);
      const found = await texts(page, '#map-selected li');
      assert.deepEqual(
        found,
        near.map((hit) => `${hit.score.toFixed(2)}${questions[hit.index].question}`),
      );
    }
    assert.ok(seen.size > 2);
    await page.click('#map-legend button');
    const faded = await page.$$eval('.point.faded', (nodes) => nodes.length);
    assert.equal(faded, questions.filter(({ topic }) => topic !== questions[0].topic).length);
    await page.click('[name="map-source"][value="own"]');
    await until(page, () => document.querySelectorAll('.point').length === 64);
  });

  await t.test('a table becomes vectors', async () => {
    await show(page, 'file');
    const rows = ['short', 'one, with a comma', 'a "quoted" word\nand a second line', 'Grüße aus Zürich'];
    const csv = `id,message\n${rows.map((row, index) => `${index},"${row.replaceAll('"', '""')}"`).join('\n')}\n4,\n`;
    await dropFile(page, '#drop', 'mail.csv', csv);
    await until(page, () => document.getElementById('file-count').textContent.includes('mail.csv'));
    assert.equal(await text(page, '#file-count'), 'mail.csv: 4 texts, 1 row without one left out.');
    assert.deepEqual(await texts(page, '#file-preview td'), rows);
    await page.click('#file-start');
    await until(page, () => !document.getElementById('file-npy').hidden);
    await page.click('#file-npy');
    const { shape, values } = readNpy(await readFile(await downloaded(downloads, 'mail.npy')));
    const expected = await embedder.encode(rows);
    assert.deepEqual(shape, [4, expected.dim]);
    same(values, expected.data);
    await page.click('#file-json');
    const written = JSON.parse(await readFile(await downloaded(downloads, 'mail.json'), 'utf8'));
    assert.deepEqual(
      written.embeddings.map((row) => row.text),
      rows,
    );
    assert.equal(written.dim, expected.dim);
    same(
      written.embeddings.flatMap((row) => row.vector),
      expected.data,
    );
  });

  await t.test('a long list goes through several workers, and can be cancelled', async () => {
    const lines = Array.from({ length: 1500 }, (_, index) => `item ${index}`);
    await dropFile(page, '#drop', 'many.txt', lines.join('\r\n'));
    await until(page, () => document.getElementById('file-count').textContent === 'many.txt: 1,500 texts.');
    await page.evaluate(clickInTime, 'file-status', 'of 1,500 texts, ', 'file-cancel');
    await page.click('#file-start');
    await until(page, () => document.getElementById('file-status').textContent === 'Cancelled.');
    await page.click('#file-start');
    await until(page, () => !document.getElementById('file-npy').hidden);
    t.diagnostic(`${kind}: ${await text(page, '#file-status')}`);
    await page.click('#file-npy');
    const { shape, values } = readNpy(await readFile(await downloaded(downloads, 'many.npy')));
    const expected = await embedder.encode(lines);
    assert.deepEqual(shape, [1500, expected.dim]);
    same(values, expected.data);
  });

  await t.test('files that are none are refused by name', async () => {
    for (const [name, content, message] of [
      ['empty.txt', ' \n\n', 'empty.txt has no text in it.'],
      ['latin.txt', [0x66, 0xfc, 0x72], 'latin.txt is not text in UTF-8.'],
      ['open.csv', 'a,b\n1,"two\n', 'open.csv, row 2: Quoted field unterminated.'],
    ]) {
      await dropFile(page, '#drop', name, content);
      await until(page, (message) => document.getElementById('file-error').textContent === message, message);
      assert.equal(await page.$eval('#file-work', (node) => node.hidden), true);
    }
  });

  await t.test('benchmark', async () => {
    await show(page, 'benchmark');
    await page.click('#bench-start');
    await until(page, () => document.getElementById('bench-status').textContent.endsWith('one worker.'));
    assert.deepEqual((await texts(page, '#bench-table tbody th')).map(Number), [8, 16, 32, 64, 128, 256]);
    const cells = (await texts(page, '#bench-table tbody td:last-child')).map((cell) =>
      Number(cell.replaceAll(',', '')),
    );
    assert.ok(cells.every((rate) => rate > 0));
    assert.equal(await page.$$eval('#bench-chart circle', (nodes) => nodes.length), 6);
    t.diagnostic(`${kind}: tokens a second ${cells.join(', ')}`);
  });

  await t.test('about', async () => {
    await show(page, 'about');
    const info = await embedder.info();
    await until(page, (hash) => document.getElementById('about-model').textContent.includes(hash), info.modelSha256);
    const facts = await text(page, '#about-model');
    for (const expected of [
      info.name,
      `${info.dim} dimensions`,
      `${info.maxSeqLength} tokens`,
      '30,522 tokens',
      info.precision,
    ]) {
      assert.ok(facts.includes(expected), `${expected} in ${facts}`);
    }
    assert.match(await text(page, '#about-storage'), /^Modelstored/);
    await page.click('#about-clear');
    await until(page, () => document.getElementById('about-status').textContent.startsWith('Removed.'));
    assert.match(await text(page, '#about-storage'), /^Modelnot stored/);
    const left = await page.evaluate(async () => {
      const names = await caches.keys();
      return (await Promise.all(names.map(async (name) => (await caches.open(name)).keys())))
        .flat()
        .map(({ url }) => url);
    });
    assert.deepEqual(left, []);
  });

  assert.deepEqual(faults, []);
});

/** The heat map has the package's values. */
async function matrixIs(page, lines) {
  const found = (await texts(page, '.matrix td[tabindex]')).map((cell) => Number(cell.replace('−', '-')));
  const vectors = await embedder.encode(lines);
  const expected = (await embedder.similarity(vectors)).data;
  assert.equal(found.length, expected.length);
  expected.forEach((score, index) =>
    assert.ok(Math.abs(score - found[index]) < 0.0051, `${index}: ${found[index]}, expected ${score}`),
  );
}

/** What NumPy checks of a file. */
function readNpy(bytes) {
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x93NUMPY\x01\x00');
  const length = bytes.readUInt16LE(8);
  assert.equal((10 + length) % 64, 0);
  const header = bytes.subarray(10, 10 + length).toString('latin1');
  const [, shape] = header.match(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(([\d, ]+)\), \} *\n$/);
  const data = bytes.subarray(10 + length);
  const values = Array.from({ length: data.length / 4 }, (_, index) => data.readFloatLE(index * 4));
  return { shape: shape.split(', ').map(Number), values };
}

/** Backends differ in the last digits at most. */
function same(found, expected) {
  assert.equal(found.length, expected.length);
  const worst = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - found[index])), 0);
  assert.ok(worst < 1e-5, `off by ${worst}`);
}
