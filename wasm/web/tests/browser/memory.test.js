// Embedders that are disposed of give their memory back.

import assert from 'node:assert/strict';

import { inBrowsers } from './driver.js';
import { memoryOf } from './processes.js';

// A leak would be the 17 MB of the model in each of the rounds.
const ROUNDS = 100;
const ROOM = 400e6;

for (const worker of [true, false]) {
  inBrowsers(
    `100 rounds leave nothing behind, ${worker ? 'in workers' : 'inline'}`,
    async ({ t, kind, browser, visit }) => {
      const page = await visit();
      const rounds = (count) =>
        page.evaluate(
          async (count, worker) => {
            for (let round = 0; round < count; round += 1) await globalThis.visit({ worker });
          },
          count,
          worker,
        );
      const session = kind === 'chromium' ? await page.createCDPSession() : undefined;
      const used = async () => {
        await session?.send('HeapProfiler.collectGarbage');
        return memoryOf(browser.process().pid);
      };
      await rounds(5);
      const before = await used();
      await rounds(ROUNDS);
      // Firefox collects when it wants to.
      let grown = Infinity;
      for (let second = 0; second < 30 && grown > ROOM / 2; second += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        grown = (await used()) - before;
      }
      t.diagnostic(`${Math.round(grown / 1e6)} MB more than after 5 rounds`);
      assert.ok(grown < ROOM, `grew by ${grown} bytes`);
    },
  );
}
