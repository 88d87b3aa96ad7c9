// Answers the messages of bench/run.py for one contender, in Node and in browsers alike (README.md has the messages).
//
// A contender has: load(message) -> facts; prepare(case, texts, ids) -> facts; choose(case); encode() -> nothing, or
// a promise; vectors() -> one array a text; memory() -> bytes of its WebAssembly memory, or null; exports, where it has
// any.

export class Runner {
  #contender;
  #case = null;

  constructor(contender) {
    this.#contender = contender;
  }

  async answer(message) {
    try {
      return await this[`on_${message.op}`](message);
    } catch (error) {
      return { error: String(error?.stack ?? error) };
    }
  }

  async on_load(message) {
    const facts = await this.#contender.load(message);
    return { ...facts, memory: this.#contender.memory() };
  }

  async on_prepare(message) {
    const facts = await this.#contender.prepare(message.case, message.texts, message.ids);
    await this.#choose(message.case);
    await this.#sample(message.warm_ms);
    const vectors = (await this.#contender.vectors()).map((vector) => Array.from(vector));
    return { ...facts, vectors, memory: this.#contender.memory() };
  }

  // Samples for `ms`, each over as many calls as fill `sample_ms`: the milliseconds of a call.
  async on_run(message) {
    if (this.#case !== message.case) {
      await this.#choose(message.case);
      await this.#contender.encode();
    }
    const samples = [];
    const start = performance.now();
    do {
      samples.push(await this.#sample(message.sample_ms));
    } while (performance.now() - start < message.ms);
    return { samples };
  }

  // How much a second of an exported function's own count: the fastest call of those that fit in `ms`.
  async on_rate(message) {
    const call = this.#contender.exports?.[message.export];
    if (!call) return { missing: true };
    let best = 0;
    const begin = performance.now();
    do {
      const start = performance.now();
      const count = call(message.argument);
      best = Math.max(best, (count * 1000) / (performance.now() - start));
    } while (performance.now() - begin < message.ms);
    return { per_second: best };
  }

  async #choose(name) {
    await this.#contender.choose(name);
    this.#case = name;
  }

  // Calls until `atLeast` milliseconds have passed, at least once; the milliseconds of one.
  async #sample(atLeast) {
    const start = performance.now();
    for (let calls = 1; ; calls += 1) {
      const pending = this.#contender.encode();
      // What is done when it returns is not made to wait for a turn of the event loop.
      if (pending) await pending;
      const elapsed = performance.now() - start;
      if (elapsed >= atLeast) return elapsed / calls;
    }
  }
}

// The values of a case, padded to its longest text: what a peer that takes tensors is given, ready made.
export function padded(ids) {
  const tokens = Math.max(...ids.map((row) => row.length));
  const values = { input_ids: [], attention_mask: [], token_type_ids: [] };
  for (const row of ids) {
    for (let i = 0; i < tokens; i += 1) {
      values.input_ids.push(BigInt(row[i] ?? 0));
      values.attention_mask.push(i < row.length ? 1n : 0n);
      values.token_type_ids.push(0n);
    }
  }
  return { dims: [ids.length, tokens], values };
}
