// What is kept from visit to visit, and from tab to tab.

import assert from 'node:assert/strict';

import { inBrowsers, ready } from './driver.js';

const SIZE = 17_000_000;
// Bytes of a piece in the cache.
const PIECE = 1 << 21;

/** Visits a page and aborts the download once so many pieces are kept. */
async function aborted(page, pieces, options) {
  const refused = await page.evaluate(
    async (pieces, options) => {
      const controller = new AbortController();
      const refused = refusal(visit({ signal: controller.signal, ...options }));
      await kept(pieces);
      controller.abort(new Error('enough'));
      return refused;
    },
    pieces,
    options,
  );
  assert.equal(refused.message, 'enough');
}

inBrowsers('after the first visit no server is needed', async ({ server, visit }) => {
  const page = await visit();
  const first = await page.evaluate(() => visit());
  assert.deepEqual([first.from, first.cached], ['network', true]);
  first.progress.forEach(({ loaded, total }, index) => {
    assert.ok(total > SIZE && loaded <= total && (index === 0 || loaded > first.progress[index - 1].loaded));
  });
  assert.equal(first.progress.at(-1).loaded, first.progress.at(-1).total);
  // The page and the programs are the browser's own to keep, for as long as the server says; the model is not.
  await server.close();
  const again = await visit();
  for (const worker of [true, false]) {
    const second = await again.evaluate((worker) => visit({ worker }), worker);
    assert.deepEqual([second.from, second.cached, second.vector], ['cache', true, first.vector]);
    const refused = await again.evaluate((worker) => refusal(visit({ worker, cache: false })), worker);
    assert.deepEqual([refused.name, refused.code], ['DownloadError', 'network']);
  }
  await server.open();
  assert.equal(server.asked.length, 1);
});

inBrowsers('two tabs at once fetch the file once', async ({ server, visit }) => {
  server.delay = 1000;
  const tabs = [await visit(), await visit()];
  const found = await Promise.all(tabs.map((tab) => tab.evaluate(() => visit())));
  assert.equal(server.asked.length, 1);
  assert.deepEqual(found.map(({ from }) => from).sort(), ['cache', 'network']);
  assert.deepEqual(
    found.map(({ cached }) => cached),
    [true, true],
  );
  assert.deepEqual(found[0].vector, found[1].vector);
});

inBrowsers('a tab that waits goes on where the other one is closed', async ({ server, visit }) => {
  const tabs = [await visit(), await visit()];
  server.cut = 9_000_000;
  server.stalls = true;
  await tabs[0].evaluate(() => {
    minilm.createEmbedder({ model: MODEL }).catch(() => {});
    return kept(4);
  });
  const second = tabs[1].evaluate(() => visit());
  server.cut = Infinity;
  await tabs[0].close();
  const { from, cached } = await second;
  assert.deepEqual([from, cached], ['cache,network', true]);
});

inBrowsers('a download that was cut off goes on after a reload', async ({ server, visit }) => {
  const page = await visit();
  server.cut = 1_500_000;
  const { refused, reached } = await page.evaluate(async () => {
    const reached = [0];
    return { refused: await refusal(visit({ progress: ({ loaded }) => reached.push(loaded) })), reached };
  });
  assert.deepEqual([refused.name, refused.code], ['DownloadError', 'network']);
  // The connection breaks four times: what came is taken up where it was each time.
  assert.equal(server.asked.length, 4);
  const starts = server.asked.map((range) => Number(/\d+|$/.exec(range)[0]));
  assert.ok(
    starts.every((start) => reached.includes(start)),
    `${starts} of ${reached}`,
  );
  assert.ok(
    starts.every((start, index) => start <= index * server.cut && (index === 0 || start > starts[index - 1])),
    starts.join(),
  );
  assert.equal(await page.evaluate(() => minilm.isCached(MODEL)), false);
  await page.reload();
  await ready(page);
  server.cut = Infinity;
  const { from, cached, vector, progress } = await page.evaluate(() => visit());
  assert.equal(server.asked.at(-1), `bytes=${2 * PIECE}-`);
  assert.deepEqual([from, cached], ['cache,network', true]);
  assert.equal(progress.findLast((step) => step.from === 'cache').loaded, 2 * PIECE);
  assert.deepEqual(vector, (await page.evaluate(() => visit({ cache: false }))).vector);
  assert.equal((await page.evaluate(() => visit())).from, 'cache');
});

inBrowsers('a damaged piece is fetched again', async ({ server, visit }) => {
  const page = await visit();
  const damages = [
    // As Firefox leaves a piece that a tab was writing when it was closed.
    { keeps: 1 << 20, asked: ['', `bytes=${PIECE}-`] },
    { keeps: PIECE - 1, adds: 'x', asked: ['', `bytes=${2 * PIECE}-`, ''] },
  ];
  for (const { keeps, adds = '', asked } of damages) {
    server.asked.length = 0;
    server.cut = 2 * PIECE + 1_000_000;
    server.stalls = true;
    await aborted(page, 2);
    await page.evaluate(
      async (keeps, adds) => {
        const cache = await caches.open('minilm-wasm-1');
        const [, second] = await cache.keys();
        const piece = await cache.match(second);
        await cache.put(second, new Response(new Blob([(await piece.blob()).slice(0, keeps), adds]), piece));
      },
      keeps,
      adds,
    );
    server.cut = Infinity;
    const { from, cached } = await page.evaluate(() => visit());
    assert.deepEqual([from, cached], ['cache,network', true]);
    assert.deepEqual(server.asked, asked);
    await page.evaluate(() => minilm.clearCache());
  }
});

inBrowsers('a file that changed meanwhile is fetched from the start', async ({ server, visit }) => {
  const page = await visit();
  server.cut = 3_000_000;
  server.stalls = true;
  server.headers.etag = '"old"';
  await aborted(page, 1);
  server.cut = Infinity;
  server.headers.etag = '"new"';
  const { from, cached } = await page.evaluate(() => visit());
  assert.deepEqual([from, cached], ['network', true]);
  // The rest was asked for, and was that of another file.
  assert.deepEqual(server.asked, ['', `bytes=${PIECE}-`, '']);
});

inBrowsers('a signal ends a download, which then goes on', async ({ server, visit }) => {
  const page = await visit();
  server.cut = 5_000_000;
  server.stalls = true;
  await aborted(page, 2, { worker: true });
  await aborted(page, 4, { worker: false });
  server.cut = Infinity;
  const { from } = await page.evaluate(() => visit());
  assert.equal(from, 'cache,network');
});

// Firefox has no command for it, but a setting: in kB for all sites, of which a site gets what is left, 10 MB at least.
const SMALL_DISK = { 'dom.quotaManager.temporaryStorage.fixedLimit': 10_000 };

inBrowsers(
  'without room in the cache it works all the same',
  async ({ kind, server, visit }) => {
    const page = await visit();
    if (kind === 'chromium') {
      const session = await page.createCDPSession();
      await session.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 10_000_000 });
    }
    for (const worker of [true, false]) {
      const { from, cached, vector } = await page.evaluate((worker) => visit({ worker }), worker);
      assert.deepEqual([from, cached, vector.length], ['network', false, 384]);
      // Nothing is left of what there was room for.
      assert.equal(await page.evaluate(async () => (await (await caches.open('minilm-wasm-1')).keys()).length), 0);
    }
    assert.equal(server.asked.length, 2);
  },
  { firefox: { prefs: SMALL_DISK } },
);
