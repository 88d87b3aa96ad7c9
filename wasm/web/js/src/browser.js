// The entry for browsers: pages, service workers, extensions.

import { create } from './create.js';
import { files } from './files.js';
import { compile } from './module.js';
import { address, open } from './source.js';
import { spawn } from './spawn-engine.js';

export * from './api.js';
export { clearCache, isCached } from './cache.js';

/** @param {any} options */
export function createEmbedder(options) {
  return create(options, { compile, open, address, spawn, files });
}
