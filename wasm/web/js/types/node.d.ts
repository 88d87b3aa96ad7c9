import type { CreateOptions, Embedder } from './common.js';

export * from './common.js';

/**
 * Loads a model. A string that is no web address is the path of a file.
 * @throws ModelError, DownloadError, InputError, EngineError, the signal's reason
 */
export declare function createEmbedder(options: CreateOptions): Promise<Embedder>;
