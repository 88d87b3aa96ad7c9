// Vectors of texts, kept: a text that is edited among others is the only one that is computed.

import { embedder } from './model.js';

// About 1.5 kB each.
const MOST_KEPT = 4000;

const kept = new Map();

document.addEventListener('model-changed', () => kept.clear());

/**
 * The vectors of `texts`, in their order.
 * @param {string[]} texts
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ vector: Float32Array, truncated: boolean }[]>}
 */
export async function vectorsOf(texts, signal) {
  const missing = [...new Set(texts)].filter((text) => !kept.has(text));
  if (missing.length > 0) {
    const model = await embedder();
    const found = await model.encode(missing, { signal });
    // Another model took its place meanwhile.
    if ((await embedder()) !== model) return vectorsOf(texts, signal);
    if (kept.size + missing.length > MOST_KEPT) kept.clear();
    missing.forEach((text, index) => {
      kept.set(text, { vector: found.row(index).slice(), truncated: found.truncated[index] });
    });
    // What was kept before may just have been dropped.
    return vectorsOf(texts, signal);
  }
  return texts.map((text) => kept.get(text));
}
