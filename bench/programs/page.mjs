// A contender in a browser: asks the server that opened this page (browser.py) for one message after another.

import { Runner } from './protocol.mjs';

const read = async (file) => {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

async function main() {
  const { Contender } = await import(`./${new URLSearchParams(location.search).get('contender')}.mjs`);
  const runner = new Runner(new Contender(read));
  for (;;) {
    const message = await (await fetch('/next')).json();
    // The server answers an idle page now and then, so that neither side waits for ever.
    if (!message) continue;
    const answer = await runner.answer(message);
    if (message.op === 'load') answer.engine = navigator.userAgent;
    await post(answer);
  }
}

const post = (answer) => fetch('/answer', { method: 'POST', body: JSON.stringify(answer) });

main().catch((error) => post({ error: String(error?.stack ?? error) }));
