// Tests in every browser that there is, on the pages of a server of their own.

import { test } from 'node:test';

import { PROGRAMS, launch } from './launch.js';
import { start } from './server.js';

/** Waits for the program of a page. Puppeteer's own ways need `eval`, which the policy of the page forbids. */
export async function ready(page) {
  while (!(await page.evaluate(() => globalThis.ready))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * A test in each browser that there is, with a server.
 * @param {string} name
 * @param {(given: { t: any, kind: 'chromium' | 'firefox', browser: any, server: any, visit: () => Promise<any> }) => Promise<void>} run
 * `visit` opens the page of the server
 * @param {Record<string, object>} [options] further ones of puppeteer for a kind of browser
 */
export function inBrowsers(name, run, options = {}) {
  for (const kind of Object.keys(PROGRAMS)) {
    const skip = PROGRAMS[kind] ? false : `there is no ${kind}`;
    test(`${kind}: ${name}`, { skip, timeout: 240_000 }, async (t) => {
      const server = await start();
      t.after(() => server.close());
      const browser = await launch(kind, options[kind]);
      t.after(() => browser.close());
      const visit = async () => {
        const page = await browser.newPage();
        await page.goto(server.page, { timeout: 60_000 });
        await ready(page);
        return page;
      };
      await run({ t, kind, browser, server, visit });
    });
  }
}
