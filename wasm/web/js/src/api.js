// What every entry has beside `createEmbedder`.

export { Embedder } from './embedder.js';
export { Embeddings, Matrix } from './embeddings.js';
export { DownloadError, EngineError, InputError, MinilmError, ModelError, TooManyTokensError } from './errors.js';
