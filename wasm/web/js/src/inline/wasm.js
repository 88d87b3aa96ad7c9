// The WebAssembly modules as texts: only the one that suits the engine is loaded, where the bundler keeps them apart.

import { EngineError } from '../errors.js';
import { build, compile } from '../module.js';

/** The module for this engine. */
export async function inlined() {
  const { gzipped } = await (build() === 'relaxed-simd' ? import('./relaxed-simd.js') : import('./simd128.js'));
  if (typeof DecompressionStream === 'undefined') {
    throw new EngineError(
      'unsupported',
      'this engine has no DecompressionStream (Chrome 80, Firefox 113, Safari 16.4 and newer have)',
    );
  }
  const bytes = Uint8Array.from(atob(gzipped), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return compile(await new Response(stream).arrayBuffer());
}
