// node.mjs CONTENDER: a contender in Node, messages on the standard streams.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Runner } from './protocol.mjs';

const { Contender } = await import(`./${process.argv[2]}.mjs`);
const runner = new Runner(new Contender(readFile));
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  const answer = await runner.answer(message);
  if (message.op === 'load') answer.engine = `Node ${process.versions.node}, V8 ${process.versions.v8}`;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
