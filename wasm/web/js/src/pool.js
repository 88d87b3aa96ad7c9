// Several engines that share the calls.

import { Remote } from './remote.js';

const CHUNK = 1 << 20;

export class Pool {
  /** @type {{ remote: Remote, calls: number }[]} */
  #members;

  /** @param {Remote[]} remotes */
  constructor(remotes) {
    this.#members = remotes.map((remote) => ({ remote, calls: 0 }));
    this.lanes = remotes.reduce((lanes, remote) => lanes + remote.lanes, 0);
  }

  /**
   * Workers that have the model of a first one: the file is fetched once.
   * @param {Remote} first
   * @param {number} count
   * @param {import('./remote.js').Spawn} spawn
   * @param {import('./load.js').LoadOptions} options
   * @param {AbortSignal} [signal]
   */
  static async create(first, count, spawn, options, signal) {
    const { fileBytes } = await first.call('info', []);
    const more = Array.from({ length: count - 1 }, async () => {
      const model = new Response(copied(first, fileBytes));
      return Remote.create(spawn, { ...options, model, cache: false, sha256: undefined }, undefined, signal);
    });
    const done = await Promise.allSettled(more);
    const remotes = done.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = done.find((result) => result.status === 'rejected');
    if (failed) {
      for (const remote of [first, ...remotes]) remote.dispose();
      throw failed.reason;
    }
    return new Pool([first, ...remotes]);
  }

  /**
   * @param {string} method
   * @param {unknown[]} args
   * @param {Transferable[]} [transfer]
   */
  async call(method, args, transfer) {
    const member = this.#members.reduce((least, other) => (other.calls < least.calls ? other : least));
    member.calls += 1;
    try {
      return await member.remote.call(method, args, transfer);
    } finally {
      member.calls -= 1;
    }
  }

  dispose() {
    for (const { remote } of this.#members) remote.dispose();
  }
}

/**
 * The model file of a worker as a stream.
 * @param {Remote} remote
 * @param {number} length
 */
function copied(remote, length) {
  let start = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        const chunk = await remote.call('read', [start, CHUNK]);
        start += chunk.length;
        controller.enqueue(chunk);
        if (start >= length) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
