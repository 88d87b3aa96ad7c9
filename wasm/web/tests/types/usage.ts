// The declarations, as a caller meets them.

import { createEmbedder, Embeddings, MinilmError, ModelError, TooManyTokensError } from '../../js/types/browser.js';

export async function usage(): Promise<number> {
  const embedder = await createEmbedder({
    model: new URL('https://example.org/model.minilm'),
    progress: ({ from, loaded, total }) => console.log(from, loaded / total),
    signal: AbortSignal.timeout(1000),
  });
  // @ts-expect-error: an option that there is not
  await embedder.encode('text', { normalise: true });
  // @ts-expect-error: a list of anything
  await embedder.encode([1, 2]);
  const floats: Float32Array = (await embedder.encode(['text'])).row(0);
  const bits: Uint8Array = (await embedder.encode(['text'], { precision: 'ubinary' })).data;
  // @ts-expect-error: the vectors of this precision are bytes
  const wrong: Float32Array = (await embedder.encode(['text'], { precision: 'int8' })).data;
  for await (const part of embedder.stream(['a', 'b'])) console.log(part.length, part.row(0)[0]);
  const [hit] = await embedder.search('query', ['a', 'b'], { topK: 1 });
  const [hits] = await embedder.search(['query'], await embedder.encode('a'));
  const scores = await embedder.similarity(
    [
      [1, 0],
      [0, 1],
    ],
    [1, 0],
  );
  const kept: Embeddings = Embeddings.from(structuredClone(await embedder.encode('a')));
  const bytes: Int8Array = Embeddings.from({
    data: new Int8Array(48),
    dim: 48,
    model: kept.model,
    precision: 'binary',
  }).data;
  const rows: Embeddings = Embeddings.from({ data: [0.5], dim: 1, model: await embedder.info() });
  // @ts-expect-error: bits are not compared
  await embedder.search('query', [bytes]);
  // @ts-expect-error: nor are embeddings of this precision
  await embedder.similarity(await embedder.encode('a', { precision: 'int8' }));
  embedder.dispose();
  return floats[0] + bits[0] + wrong[0] + hit.score + hits.length + scores.row(0)[0] + rows.length;
}

export function explain(error: unknown): string {
  if (error instanceof TooManyTokensError) return `text ${error.index} has ${error.tokens} of ${error.limit} tokens`;
  if (error instanceof ModelError && error.code === 'model-sha256') return 'another model';
  return error instanceof MinilmError ? error.code : 'unknown';
}
