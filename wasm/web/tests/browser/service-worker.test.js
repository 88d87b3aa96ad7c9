// The package in a service worker. As a script of its own, bundled, it is tested with the project of Vite.

import assert from 'node:assert/strict';

import { expectedOf } from '../support.js';
import { inBrowsers } from './driver.js';
import { FIREFOX_VERSION } from './launch.js';

inBrowsers('in a service worker that is a module', async ({ t, kind, visit }) => {
  if (kind === 'firefox' && FIREFOX_VERSION < 147) return t.skip('Firefox has them from version 147 on');
  const page = await visit();
  const found = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register('sw.js', { type: 'module' });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    worker.postMessage({ model: MODEL, text: 'Hello, World!' }, [port2]);
    return answer;
  });
  assert.deepEqual(found, await expectedOf('Hello, World!'));
  // What it fetched is in the cache that it shares with its pages.
  const { from, vector } = await page.evaluate(() => visit());
  assert.deepEqual([from, vector], ['cache', found]);
});
