import type { CreateOptions, Embedder } from './common.js';

export * from './common.js';

/**
 * Loads a model on the thread of the caller, with a module that the host compiled.
 * @throws ModelError, DownloadError, InputError, EngineError, the signal's reason
 */
export declare function createEmbedder(
  options: Omit<CreateOptions, 'wasm' | 'worker' | 'workers'> & { wasm: WebAssembly.Module },
): Promise<Embedder>;
