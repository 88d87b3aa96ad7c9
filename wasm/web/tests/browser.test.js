// The package in real browsers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { launch } from './browser/launch.js';
import { start } from './browser/server.js';

const BROWSERS = { chromium: process.env.MINILM_CHROMIUM, firefox: process.env.MINILM_FIREFOX };

for (const [kind, program] of Object.entries(BROWSERS)) {
  test(kind, { skip: program ? false : `there is no ${kind}`, timeout: 240_000 }, async (t) => {
    const server = await start();
    t.after(server.close);
    t.after(await launch(kind, program, server.url));
    const { agent, results } = await server.done;
    t.diagnostic(agent);
    assert.ok(results.length > 0);
    for (const { name, note, error } of results) {
      await t.test(name, (t) => {
        if (note) t.diagnostic(note);
        assert.equal(error, undefined);
      });
    }
  });
}
