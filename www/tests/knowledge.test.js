// The tab Knowledge base, with a real one beside the page.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  SITE,
  connect,
  dropFile,
  fillIn,
  inBrowsers,
  newPage,
  serveKnowledgeBase,
  show,
  text,
  texts,
  until,
} from './support.js';

const questions = JSON.parse(await readFile(join(SITE, 'data/questions.json'), 'utf8'));
const documents = questions.map(({ question, answer }, index) => ({
  _id: { $oid: index.toString(16).padStart(24, '0') },
  question,
  answers: [answer],
}));

inBrowsers('the knowledge base', async (t, { browser, server, kind }) => {
  const { page, faults } = await newPage(browser);
  await page.goto(server.url);
  await show(page, 'knowledge');
  const base = await serveKnowledgeBase(new URL(server.url).origin);
  t.after(base.stop);
  const error = () => text(page, '#kb-error');
  const failed = () => until(page, () => !document.getElementById('kb-error').hidden);

  await t.test('without a server there is an error that says what to do', async () => {
    assert.equal(await page.$eval('#kb-address', (node) => node.value), 'http://127.0.0.1:5001/');
    for (const [url, expected] of [
      [
        'http://127.0.0.1:1/',
        /^Nothing answers at http:\/\/127\.0\.0\.1:1, or it was not started with CORS_ALLOW_ORIGIN=/,
      ],
      ['https://example.com/', /^This page may ask its own site and this machine .* and not https:\/\/example\.com\.$/],
      [server.url, /^What answers at http:\S+ is no knowledge base\.$/],
    ]) {
      await connect(page, { url, key: '' });
      await failed();
      assert.match(await error(), expected);
      assert.equal(await page.$eval('#kb-work', (node) => node.hidden), true);
    }
    // What browsers say of requests that fail, and nothing else.
    assert.ok(
      faults.splice(0).every((fault) => !fault.startsWith('policy:')),
      `${faults}`,
    );
  });

  await t.test('a wrong key is refused by name', async () => {
    await connect(page, { ...base, key: 'wrong' });
    await fillIn(page, '#kb-query', 'lost card');
    await failed();
    assert.match(await error(), /key/i);
    faults.length = 0;
    await fillIn(page, '#kb-query', '');
  });

  await t.test('an export of MongoDB goes in, once', async () => {
    await connect(page, base);
    assert.match(
      await text(page, '#kb-state'),
      /^0 documents, all-MiniLM-L6-v2, stored in sqlite; an answer needs 0\.60\.$/,
    );
    for (const content of [
      documents.map((document) => JSON.stringify(document)).join('\n'),
      JSON.stringify(documents),
    ]) {
      await page.$eval('#kb-added', (node) => node.replaceChildren());
      await dropFile(page, '#kb-drop', 'questions.json', content);
      await until(page, () => document.getElementById('kb-added').textContent.includes('put in'));
      assert.match(
        await text(page, '#kb-added'),
        new RegExp(`^${documents.length} documents of questions\\.json put in, in `),
      );
      assert.match(await text(page, '#kb-state'), new RegExp(`^${documents.length} documents, `));
    }
    t.diagnostic(`${kind}: ${await text(page, '#kb-added')}`);
  });

  await t.test('a question finds its answers', async () => {
    await page.type('#kb-query', 'my card was stolen');
    const closest = questions.findIndex(({ question }) => question === 'My library card is gone. What should I do?');
    await until(
      page,
      (expected) => document.querySelector('#kb-answers h2')?.textContent === expected,
      questions[closest].question,
    );
    const [answer, id] = await texts(page, '#kb-answers li:first-child p');
    assert.deepEqual([answer, id], [questions[closest].answer, `Document ${documents[closest]._id.$oid}`]);
    assert.match(await text(page, '#kb-time'), new RegExp(` and ${documents.length} comparisons$`));
    t.diagnostic(`${kind}: ${await text(page, '#kb-time')}`);
    const hits = await page.$$eval('#kb-answers li', (items) =>
      items.map((item) => ({
        score: Number(item.querySelector('.score').textContent),
        below: item.classList.contains('below'),
      })),
    );
    assert.equal(hits.length, 6);
    assert.ok(
      hits.every(({ score, below }) => below === score < 0.6) && hits.some(({ below }) => below),
      JSON.stringify(hits),
    );
  });

  await t.test('a broken file changes nothing', async () => {
    const before = await text(page, '#kb-state');
    await dropFile(page, '#kb-drop', 'broken.jsonl', '{"id": "1", "question": "a"}\n{"id": 2, "question": ');
    await failed();
    assert.match(await error(), /line 2/);
    faults.length = 0;
    await connect(page, base);
    assert.equal(await text(page, '#kb-state'), before);
  });

  assert.deepEqual(faults, []);
});
