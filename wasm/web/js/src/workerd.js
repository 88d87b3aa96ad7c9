// The entry for hosts that compile WebAssembly beforehand, as workerd does: the module is imported and passed in, and runs on the
// thread of the caller.

import { create } from './create.js';
import { compile } from './module.js';
import { wrong } from './options.js';
import { open } from './source.js';

export * from './api.js';

/** @param {any} options */
export async function createEmbedder(options) {
  if (!(options?.wasm instanceof WebAssembly.Module))
    throw wrong('wasm', 'must be a WebAssembly.Module: import one of this package');
  return create(options, { compile, open, address, spawn: undefined });
}

/** @param {any} model */
function address(model) {
  return model instanceof URL ? model.href : undefined;
}
