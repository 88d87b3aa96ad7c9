// What the suites share: the site behind the component that serves it, browsers, and the package in Node for comparison.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';

import { PROGRAMS, launch } from '../../wasm/web/tests/browser/launch.js';

const { MINILM_SITE, MINILM_SITE_COMPONENT, MINILM_KB_COMPONENT, MINILM_PROGRAM, MINILM_PACKAGE } = process.env;

export const SITE = MINILM_SITE;
export const TABS = ['similarity', 'search', 'map', 'file', 'knowledge', 'benchmark', 'convert', 'about'];

/** Runs `suite` once in each browser that is here. */
export function inBrowsers(title, suite) {
  for (const [kind, program] of Object.entries(PROGRAMS)) {
    test(`${title}, ${kind}`, { skip: program ? false : `there is no ${kind}`, timeout: 300_000 }, async (t) => {
      const server = await serve();
      t.after(server.stop);
      const browser = await open(kind);
      t.after(browser.end);
      await suite(t, { ...browser, server, kind });
    });
  }
}

/** Serves a folder as `minilm www` does; `stop` ends it and `again` starts it anew at the same address. */
export async function serve(site = SITE) {
  let running = await listen(site, '127.0.0.1:0');
  const { url } = running;
  const stop = () => running.stop();
  const again = async () => {
    running = await listen(site, new URL(url).host);
  };
  return { url, stop, again };
}

async function listen(site, address) {
  const args = ['--component', MINILM_SITE_COMPONENT, '--dir', `${site}::/`, '--addr', address];
  return run(['serve', ...args, '--max-instance-concurrent-reuse-count', '64']);
}

/** A knowledge base that pages of `origin` may ask, with an empty SQLite database. */
export async function serveKnowledgeBase(origin) {
  const folder = await mkdtemp(join(tmpdir(), 'minilm-kb-'));
  const env = [`CORS_ALLOW_ORIGIN=${origin}`, 'API_KEY=key-of-the-tests', 'LOG=off'].flatMap((setting) => [
    '--env',
    setting,
  ]);
  const store = ['--sqlite', join(folder, 'kb.db'), '--addr', '127.0.0.1:0'];
  const running = await run(['kb', '--component', MINILM_KB_COMPONENT, ...store, ...env]);
  const stop = async () => {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: running.url, key: 'key-of-the-tests', stop };
}

/** Runs `minilm` until it listens. */
async function run(args) {
  const child = spawn(MINILM_PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
      const found = said.match(/listening on (http:\/\/\S+)/);
      if (found) resolve(`${found[1]}/`);
    });
    ended.then((code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  };
  return { url, stop };
}

/** A browser that saves downloads. */
async function open(kind) {
  const downloads = await mkdtemp(join(tmpdir(), 'minilm-downloads-'));
  const saving = {
    chromium: { downloadBehavior: { policy: 'allow', downloadPath: downloads } },
    firefox: {
      prefs: {
        'browser.download.folderList': 2,
        'browser.download.dir': downloads,
        'browser.download.always_ask_before_handling_new_types': false,
      },
    },
  };
  const browser = await launch(kind, saving[kind]);
  const end = async () => {
    await browser.close();
    await rm(downloads, { recursive: true, force: true });
  };
  return { browser, downloads, end };
}

/** A page whose console errors, uncaught errors and violations of its policy are collected in `faults`. */
export async function newPage(browser) {
  const page = await browser.newPage();
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warn', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(`${error}`));
  await page.evaluateOnNewDocument(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.setViewport({ width: 1280, height: 900 });
  return { page, faults };
}

/** Waits until the model is there; gives the line that says so. */
export async function ready(page) {
  await until(page, () => document.getElementById('model-state').textContent.endsWith('is ready'));
  return page.$eval('#model-detail', (node) => node.textContent);
}

/** Waits until `check` holds in the page. Asked from here: what puppeteer would run in the page to do so breaks its policy. */
export async function until(page, check, ...values) {
  const deadline = Date.now() + 60_000;
  let failure;
  while (Date.now() < deadline) {
    try {
      if (await page.evaluate(check, ...values)) return;
    } catch (error) {
      // The page may be on its way to another, or not have the element yet.
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never true: ${check} ${values}`, { cause: failure });
}

export const text = (page, selector) => page.$eval(selector, (node) => node.textContent);

/** Text of every element that matches. */
export const texts = (page, selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.textContent));

export async function show(page, tab) {
  await page.click(`#tab-${tab}`);
  await until(page, (name) => !document.getElementById(`panel-${name}`).hidden, tab);
}

/**
 * For the page itself, as it loads or later: clicks on `button` as soon as the text of `watched` includes `part`. From outside the click
 * could come too late. Both are ids.
 */
export function clickInTime(watched, part, button) {
  const watch = () => {
    const node = document.getElementById(watched);
    const observer = new MutationObserver(() => {
      if (!node.textContent.includes(part)) return;
      observer.disconnect();
      document.getElementById(button).click();
    });
    observer.observe(node, { childList: true });
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', watch);
  else watch();
}

/** Drops a file of text or bytes onto an element. */
export async function dropFile(page, selector, name, content) {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  await page.$eval(
    selector,
    (node, name, bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        node.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }
    },
    name,
    bytes,
  );
}

/** Fills in where a knowledge base is and its key, and connects. */
export async function connect(page, { url, key }) {
  await fillIn(page, '#kb-address', url);
  await fillIn(page, '#kb-key', key);
  await page.click('#kb-start');
  await until(page, () => document.getElementById('kb-state').textContent !== 'Connecting…');
}

export const fillIn = (page, selector, value) =>
  page.$eval(
    selector,
    (node, value) => {
      node.value = value;
      node.dispatchEvent(new Event('input'));
    },
    value,
  );

/** Waits for a file in a folder, whole. */
export async function downloaded(folder, name) {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await readdir(folder);
    // Firefox makes an empty file with the name first.
    const whole = found.includes(name) && !found.some((file) => /\.(part|crdownload)$/.test(file));
    if (whole && (await stat(join(folder, name))).size > 0) return join(folder, name);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} was not downloaded: ${await readdir(folder)}`);
}

/** The package in Node, with the model of the site. */
export async function inNode() {
  const { createEmbedder } = await import(pathToFileURL(join(MINILM_PACKAGE, 'src/node.js')));
  const [model] = await readdir(join(SITE, 'models'));
  return createEmbedder({ model: join(SITE, 'models', model), worker: false });
}
