// Browsers without a window on empty profiles: Chromium over the DevTools protocol, Firefox over WebDriver BiDi.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import { start } from './server.js';

const { MINILM_CHROMIUM, MINILM_FIREFOX, MINILM_NODE_MODULES } = process.env;
const PROGRAMS = { chromium: MINILM_CHROMIUM, firefox: MINILM_FIREFOX };
// Chromium refuses to run as root otherwise, which is what containers do.
const SANDBOX = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

// Firefox mixes AVX with SSE instructions, which some processors take 300 ns for each time: the tests would take half an hour.
const PREFERENCES = { 'javascript.options.wasm_simd_avx': false };

/**
 * A browser on a profile of its own.
 * @param {'chromium' | 'firefox'} kind
 * @param {object} [options] further ones of puppeteer, and `prefs` of Firefox
 */
export function launch(kind, options = {}) {
  const puppeteer = createRequire(join(MINILM_NODE_MODULES, 'none.js'))('puppeteer-core');
  const chromium = { browser: 'chrome', args: [...SANDBOX, '--disable-dev-shm-usage', '--disable-gpu'] };
  const { prefs, ...rest } = options;
  const firefox = { browser: 'firefox', extraPrefsFirefox: { ...PREFERENCES, ...prefs } };
  const own = kind === 'chromium' ? chromium : firefox;
  return puppeteer.launch({ ...own, executablePath: PROGRAMS[kind], headless: true, protocolTimeout: 200_000, ...rest });
}

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
