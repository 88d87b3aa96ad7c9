// What is in the package beside code: no path of the machine that built it, and no crate that its notices do not name.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const { MINILM_PACKAGE, MINILM_TARBALL } = process.env;
const NOTICES = 'THIRD-PARTY-NOTICES.txt';
const root = new URL('../../..', import.meta.url).pathname;

async function modules() {
  const folder = join(MINILM_PACKAGE, 'wasm');
  const read = async (name) => ({ name, text: (await readFile(join(folder, name))).toString('latin1') });
  return Promise.all((await readdir(folder)).map(read));
}

test('no path of this machine is in a module', async () => {
  for (const { name, text } of await modules()) {
    for (const path of [`${homedir()}/`, root]) assert.ok(!text.includes(path), `${name} has ${path}`);
  }
});

test('every crate in a module is in the notices, which npm sends', async () => {
  const notices = await readFile(join(MINILM_PACKAGE, NOTICES), 'utf8');
  const found = new Set();
  for (const { name, text } of await modules()) {
    // Places of panics; cargo xtask has the compiler write /crates for a registry.
    for (const [, crate, version] of text.matchAll(/\/crates\/([\w-]+?)-(\d+\.[^/]{1,40})\//g)) {
      assert.ok(notices.includes(`\n  ${crate} ${version} (`), `${name}: ${crate} ${version}`);
      found.add(crate);
    }
  }
  assert.ok(found.has('serde_json'), [...found].join(' '));
  const { stdout } = await promisify(execFile)('tar', ['--list', '--gzip', '--file', MINILM_TARBALL]);
  assert.ok(stdout.includes(`package/${NOTICES}`));
});
