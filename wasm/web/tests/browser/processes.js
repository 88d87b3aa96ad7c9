// How much memory a browser has, all of its processes together; on Linux.

import { readdir, readFile } from 'node:fs/promises';

/**
 * Bytes of a process and its descendants, what they share counted once; 0 where that cannot be known.
 * @param {number} root
 */
export async function memoryOf(root) {
  const parents = new Map();
  for (const name of await readdir('/proc').catch(() => [])) {
    const stat = /^\d+$/.test(name) && (await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined));
    // The name of the program comes before, in brackets.
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  let bytes = 0;
  for (const process of parents.keys()) {
    let ancestor = process;
    while (ancestor && ancestor !== root) ancestor = parents.get(ancestor);
    if (ancestor) bytes += await proportional(process);
  }
  return bytes;
}

async function proportional(process) {
  const rollup = await readFile(`/proc/${process}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
}
