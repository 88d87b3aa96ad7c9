// A Manifest V3 extension: its background program and a page of its own.

import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expectedOf, model, SMALL } from '../support.js';
import { inBrowsers } from './driver.js';

inBrowsers(
  'in an extension',
  async ({ t, kind, browser, server }) => {
    const folder = await mkdtemp(join(tmpdir(), 'minilm-extension-'));
    t.after(() => rm(folder, { recursive: true }));
    await cp(fileURLToPath(new URL('extension', import.meta.url)), folder, { recursive: true });
    await cp(process.env.MINILM_PACKAGE, join(folder, 'npm'), { recursive: true });
    await cp(model(SMALL), join(folder, 'model.minilm'));
    await writeFile(join(folder, 'config.js'), `export const SERVER = ${JSON.stringify(server.url)};\n`);
    await browser.installExtension(folder);
    const expected = await expectedOf('Hello, World!');
    for (const part of ['background', 'page']) {
      const told = await server.told();
      assert.equal(told.error, undefined);
      assert.equal(told.part, part);
      assert.equal(told.kind, kind === 'chromium' && part === 'background' ? 'service worker' : 'window');
      for (const { vector } of told.found) assert.deepEqual(vector, expected);
      // Caches have no room for what comes with an extension: it is at hand anyway.
      assert.deepEqual(
        told.found.map(({ cached }) => cached),
        [false, true],
      );
    }
  },
  { chromium: { pipe: true, enableExtensions: true } },
);
