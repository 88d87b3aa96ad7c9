import type { CreateOptions, Embedder } from './common.js';

export * from './common.js';

/**
 * Loads a model.
 * @throws ModelError, DownloadError, InputError, EngineError, the signal's reason
 */
export declare function createEmbedder(options: CreateOptions): Promise<Embedder>;

/** Whether the model file of an address is in the cache, with the SHA-256 where one is given: loading it needs no network. */
export declare function isCached(model: string | URL, options?: { sha256?: string }): Promise<boolean>;

/** Empties the cache of model files, or drops the file of one address. */
export declare function clearCache(model?: string | URL): Promise<void>;
