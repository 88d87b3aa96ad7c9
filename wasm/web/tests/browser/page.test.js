// What a page can check by itself, under a strict content security policy.

import assert from 'node:assert/strict';

import { inBrowsers } from './driver.js';

inBrowsers('in a page', async ({ t, browser, server }) => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/tests/checks.html`);
  const { agent, evaluated } = await server.told();
  t.diagnostic(agent);
  assert.equal(evaluated, 'EvalError', 'the policy is not in force');
  let checks = 0;
  for (let result = await server.told(); !result.done; result = await server.told()) {
    checks += 1;
    await t.test(result.name, (t) => {
      if (result.note) t.diagnostic(result.note);
      assert.equal(result.error, undefined);
    });
  }
  assert.ok(checks > 0);
});
