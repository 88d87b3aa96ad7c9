// Browsers without a window on empty profiles: Chromium over the DevTools protocol, Firefox over WebDriver BiDi.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { MINILM_CHROMIUM, MINILM_FIREFOX, MINILM_NODE_MODULES } = process.env;

/** Packages that were installed for the tests. */
export const require = createRequire(join(MINILM_NODE_MODULES, 'none.js'));

/** Programs of the browsers; `undefined` for one that is not here. */
export const PROGRAMS = { chromium: MINILM_CHROMIUM, firefox: MINILM_FIREFOX };

// Chromium refuses to run as root otherwise, which is what containers do.
const SANDBOX = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** Major version of Firefox, where it is here. */
export const FIREFOX_VERSION =
  MINILM_FIREFOX && Number(/\d+/.exec(execFileSync(MINILM_FIREFOX, ['--version'], { encoding: 'utf8' }))[0]);

// Nothing fades: axe would find too little contrast in a colour that is still on its way.
const ARGUMENTS = [...SANDBOX, '--disable-dev-shm-usage', '--disable-gpu', '--force-prefers-reduced-motion'];
const PREFERENCES = {
  'ui.prefersReducedMotion': 1,
  // An answer in Firefox's own cache is used, also where the network fails faster.
  'network.http.rcwn.enabled': false,
  // Firefox ESR 140 mixes AVX with SSE instructions, which some processors take 300 ns for each time: the tests would take half an
  // hour. ESR 153 does not.
  ...(FIREFOX_VERSION <= 140 && { 'javascript.options.wasm_simd_avx': false }),
};

/**
 * A browser on a profile of its own.
 * @param {'chromium' | 'firefox'} kind
 * @param {object} [options] further ones of puppeteer, and `prefs` of Firefox
 */
export function launch(kind, { prefs, ...options } = {}) {
  const chromium = { browser: 'chrome', args: ARGUMENTS };
  const firefox = { browser: 'firefox', extraPrefsFirefox: { ...PREFERENCES, ...prefs } };
  const own = kind === 'chromium' ? chromium : firefox;
  const common = { executablePath: PROGRAMS[kind], headless: true, protocolTimeout: 200_000 };
  return require('puppeteer-core').launch({ ...own, ...common, ...options });
}
