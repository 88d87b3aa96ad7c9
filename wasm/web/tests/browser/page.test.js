// What a page can check by itself, under a strict content security policy.

import assert from 'node:assert/strict';

import { expectedOf } from '../support.js';
import { inBrowsers, ready } from './driver.js';
import { start } from './server.js';

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

inBrowsers('with the package on another origin', async ({ t, browser, server }) => {
  const other = await start();
  t.after(() => other.close());
  other.headers = { 'access-control-allow-origin': '*' };
  const visit = async (workers) => {
    const sources = `'self' ${other.url}`;
    const policy = `default-src 'self'; script-src ${sources} 'wasm-unsafe-eval'; connect-src ${sources}; worker-src ${workers}`;
    server.headers = { 'content-security-policy': policy };
    const page = await browser.newPage();
    // A page with another policy is another page.
    await page.goto(`${server.page}?${workers}`);
    await ready(page);
    return page;
  };
  const run = (page, options) =>
    page.evaluate(
      async (url, options) => {
        await turn();
        const { createEmbedder } = await import(`${url}/npm/src/browser.js`);
        const { convertModel } = await import(`${url}/npm/src/convert/browser.js`);
        const encoded = createEmbedder({ model: MODEL, ...options }).then(async (embedder) => {
          const { data } = await embedder.encode('Hello, World!');
          embedder.dispose();
          return Array.from(data);
        });
        const explained = ({ code, message }) => ({ code, message });
        const converted = convertModel(
          [{ path: 'vocab.txt', bytes: new Uint8Array() }],
          options.worker === false ? options : {},
        );
        return { encoded: await encoded.catch(explained), converted: await converted.catch(explained) };
      },
      other.url,
      options,
    );
  const expected = await expectedOf('Hello, World!');
  const free = await visit("'self' blob:");
  for (const options of [{}, { worker: false }]) {
    const { encoded, converted } = await run(free, options);
    assert.deepEqual([encoded, converted.code], [expected, 'source-missing-file']);
  }
  const strict = await visit("'self'");
  const { encoded, converted } = await run(strict, {});
  for (const { code, message } of [encoded, converted]) {
    assert.equal(code, 'worker');
    assert.match(message, /`worker-src blob:`.*`worker: false`/);
  }
  assert.deepEqual((await run(strict, { worker: false })).encoded, expected);
  // Files that the other origin does not share.
  other.headers = {};
  const wasm = `${other.url}/npm/wasm/minilm-simd128.wasm?unshared`;
  const refused = await strict.evaluate((wasm) => refusal(minilm.createEmbedder({ model: MODEL, wasm })), wasm);
  assert.deepEqual([refused.name, refused.code], ['DownloadError', 'network']);
  assert.match(refused.message, /Access-Control-Allow-Origin/);
});
