/** A model as a packed file (`minilm pack`), at an address or at hand. In Node a string may also be a path. */
export type ModelSource = string | URL | Response | Blob | ArrayBuffer | ArrayBufferView;

/** Options of `createEmbedder`. */
export interface CreateOptions {
  /** The packed model file. A file at a web address is fetched once and then kept in the browser's cache. */
  model: ModelSource;
  /** SHA-256 that the file must have, 64 hexadecimal digits. Without it, only the checksum in the file itself is looked at. */
  sha256?: string;
  /** Told how far the file has come. */
  progress?: (progress: Progress) => void;
  /** Ends the download, and `createEmbedder` with it. */
  signal?: AbortSignal;
  /** Whether to compute in a worker, so that the calling thread is never held up. Default true, where there are workers. */
  worker?: boolean;
  /** How many workers share the texts of large calls. Each holds the model. Default 1. */
  workers?: number;
  /** Whether to look for the file in the browser's cache and to keep it there. Default true, where there is a cache. */
  cache?: boolean;
  /** The WebAssembly module, instead of the one that comes with the package and suits the engine. */
  wasm?: string | URL | Response | BufferSource | WebAssembly.Module;
}

/** How far the model file has come, in bytes. */
export interface Progress {
  /** Where it comes from: `memory` is what was at hand already, files included. */
  from: 'network' | 'cache' | 'memory';
  loaded: number;
  total: number;
}

/** Options about texts. */
export interface TokenizeOptions {
  /** Put before every text. Takes precedence over `promptName`, even where it is empty. */
  prompt?: string;
  /** Name of one of the model's prompts. Without it the model's default prompt is used, if it has one. */
  promptName?: string;
  /** What happens to a text with too many tokens: its first (`true`, `right`) or last (`left`) tokens are kept, or it is refused. */
  truncate?: boolean | 'right' | 'left' | 'off';
  /** Most tokens of a text, special ones included: 2 to the model's `maxPositionEmbeddings`. */
  maxSeqLength?: number;
  /** Ends the call. */
  signal?: AbortSignal;
}

/** Options of `encode`, named as in sentence-transformers. */
export interface EncodeOptions extends TokenizeOptions {
  /** Scale each vector to length 1, after `truncateDim`. Most MiniLM models do so before it by themselves. Default false. */
  normalize?: boolean;
  /** Keep only the first dimensions, 1 to the model's own. */
  truncateDim?: number;
  /** Number format of the vectors. `binary` and `ubinary` have eight signs a byte. Default `float32`. */
  precision?: Precision;
  /** Smallest and largest value of each dimension, for `int8` and `uint8`; without them those of the vectors of the call. */
  ranges?: { min: ArrayLike<number>; max: ArrayLike<number> };
  /** How token vectors become one; without it as the model says. */
  pooling?: Pooling;
}

/**
 * Options of `search`. Those about texts are for the query. Its width follows a corpus of embeddings or of rows of them; for other
 * vectors that are shorter than the model's, `truncateDim` says that they are the first dimensions.
 */
export interface SearchOptions extends Omit<EncodeOptions, 'precision' | 'ranges'> {
  /** Most hits of a query. Default 10. */
  topK?: number;
  /** Least score of a hit. */
  threshold?: number;
}

export type Precision = 'float32' | 'int8' | 'uint8' | 'binary' | 'ubinary';
export type Pooling = 'cls' | 'mean' | 'max' | 'mean_sqrt_len';

/** The values of vectors in a precision. */
export type Values<P extends Precision = Precision> = P extends 'float32'
  ? Float32Array
  : P extends 'int8' | 'binary'
    ? Int8Array
    : Uint8Array;

/** Vectors of a call, row after row, in the order of the texts. Iterates over the rows. */
export declare class Embeddings<T extends Float32Array | Int8Array | Uint8Array = Float32Array> implements Iterable<T> {
  private constructor();
  /**
   * Vectors that were kept or sent: the fields of embeddings as `structuredClone`, a database or `postMessage` gives them back. The
   * values are used where they lie, not copied, but for an array of numbers.
   * @throws InputError for a field that is missing or does not fit the others, and for floats that are not finite
   */
  static from<T extends Float32Array | Int8Array | Uint8Array>(fields: KeptEmbeddings<T>): Embeddings<T>;
  static from(fields: KeptEmbeddings<number[]>): Embeddings;
  /** The values `[length, dim]`. */
  readonly data: T;
  /** Values in a row: the dimensions of a vector, or an eighth of it (rounded up) for packed bits. */
  readonly dim: number;
  /** Number format of the values. */
  readonly precision: Precision;
  /** Tokens that the model read of each text, special ones included. Empty where they were not kept. */
  readonly tokens: Uint32Array;
  /** Whether each text was cut at the limit. Empty where it was not kept. */
  readonly truncated: boolean[];
  /** The model. Vectors can be compared where both hash and precision are the same. */
  readonly model: Pick<Info, 'name' | 'modelSha256' | 'precision'>;
  /** Number of rows. */
  readonly length: number;
  /** A view of the vector of text `index`: no copy. */
  row(index: number): T;
  [Symbol.iterator](): Generator<T, void, void>;
}

/** What is kept of embeddings. */
export interface KeptEmbeddings<T> {
  /** The values `[rows, dim]`. */
  data: T;
  /** Values in a row, from 1 on. */
  dim: number;
  /** The model that made them. */
  model: Pick<Info, 'name' | 'modelSha256' | 'precision'>;
  /** Number format of the values. Default `float32`; bytes do not tell theirs. */
  precision?: Precision;
  tokens?: ArrayLike<number>;
  truncated?: boolean[];
}

/** Scores `[rows, columns]`. Iterates over the rows. */
export declare class Matrix implements Iterable<Float32Array> {
  private constructor();
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** A view of the scores of row `index`: no copy. */
  row(index: number): Float32Array;
  [Symbol.iterator](): Generator<Float32Array, void, void>;
}

/** Numbers of a vector: at most as many as the model's vectors have, all of them finite. */
export type Vector = Float32Array | Float64Array | readonly number[];

/**
 * Vectors as results, as one vector, or as an array of vectors of equal length. Only floats are compared: results and their rows must
 * be of this model and of the precision `float32`.
 */
export type Vectors = Embeddings | Vector | readonly Vector[];

/** A row of the corpus that a search found. */
export interface Hit {
  /** Its position in the corpus. */
  index: number;
  /** Its similarity to the query. */
  score: number;
}

/** The tokens of a text. */
export interface Tokens {
  ids: Uint32Array;
  /** Their texts, `##` in front where one continues a word. */
  tokens: string[];
  /** Whether the text was cut at the limit. */
  truncated: boolean;
}

/** A model, and the code that runs it. */
export interface Info {
  /** `all-MiniLM-L6-v2` for instance. */
  name: string;
  /** Identity of the model: SHA-256, 64 hexadecimal digits, of everything that decides its vectors, but for the precision. */
  modelSha256: string;
  /** Number format of the weights. */
  precision: 'int8' | 'int6-e4' | 'f32';
  /** Dimensions of a vector. */
  dim: number;
  /** Most tokens that are read of a text where a call is not told otherwise. */
  maxSeqLength: number;
  /** Most tokens that a call can be told to read. */
  maxPositionEmbeddings: number;
  vocabSize: number;
  numHiddenLayers: number;
  pooling: Pooling;
  /** Whether the model scales its vectors to length 1 by itself. */
  normalize: boolean;
  /** The measure of `similarity` and `search`. */
  similarity: 'cosine' | 'dot' | 'euclidean' | 'manhattan';
  /** Named texts that can be put before an input. */
  prompts: Record<string, string>;
  defaultPromptName: string | null;
  /** Bytes of the packed file. */
  fileBytes: number;
  /** Checksum of the packed file, 16 hexadecimal digits. */
  fileChecksum: string;
  /** Instructions that the module uses. */
  backend: 'relaxed-simd' | 'simd128' | 'scalar';
  /** Bytes of the memory of the module, of one worker where there are several. */
  memoryBytes: number;
  /** Whether the model file is in the browser's cache. */
  cached: boolean;
}

/** A loaded model. */
export declare class Embedder {
  private constructor();
  /** Dimensions of a vector. */
  readonly dim: number;
  /**
   * Vectors of texts, in their order. A text's vector is the same, to the bit, alone and in any batch.
   * @throws InputError, TooManyTokensError where `truncate` is off, the signal's reason, EngineError
   */
  encode<P extends Precision = 'float32'>(
    texts: string | string[],
    options?: EncodeOptions & { precision?: P },
  ): Promise<Embeddings<Values<P>>>;
  /** Vectors of texts that arrive one after the other, some dozens at a time. */
  stream<P extends Precision = 'float32'>(
    texts: Iterable<string> | AsyncIterable<string>,
    options?: EncodeOptions & { precision?: P },
  ): AsyncGenerator<Embeddings<Values<P>>, void, void>;
  /** Similarity of every row of `a` to every row of `b` (without it, of `a`) by the model's own measure; larger means closer. */
  similarity(a: Vectors, b?: Vectors, options?: { signal?: AbortSignal }): Promise<Matrix>;
  /** The closest rows of `corpus`, texts or vectors, best first. Every row is compared. */
  search(query: string | Vector, corpus: Vectors | string[], options?: SearchOptions): Promise<Hit[]>;
  search(
    query: string[] | Embeddings | readonly Vector[],
    corpus: Vectors | string[],
    options?: SearchOptions,
  ): Promise<Hit[][]>;
  /** The tokens that `encode` would read. */
  tokenize(texts: string | string[], options?: TokenizeOptions): Promise<Tokens[]>;
  /** What is known about the model. */
  info(): Promise<Info>;
  /** Gives all memory back, ends the workers. Calls under way and later ones fail with the code `disposed`. */
  dispose(): void;
}

/** The base of every error of this package but those of an abort, which are the signal's reason. */
export declare class MinilmError extends Error {
  protected constructor();
  /** What went wrong, for programs. */
  readonly code: string;
}

/** The model file cannot be used. */
export declare class ModelError extends MinilmError {
  readonly code: 'model-invalid' | 'model-truncated' | 'model-version' | 'model-checksum' | 'model-sha256';
}

/** The model or the WebAssembly file did not come. */
export declare class DownloadError extends MinilmError {
  readonly code: 'network' | 'http-status' | 'file' | 'package-file';
  /** Where a file of this package was looked for, with the code `package-file`, if it has an address at all. */
  readonly url?: string;
  /** HTTP status, with the code `http-status`. */
  readonly status?: number;
}

/** An argument or option is not what it should be. */
export declare class InputError extends MinilmError {
  readonly code: 'invalid-input' | 'invalid-option' | 'rows' | 'too-large' | 'too-many-tokens';
  /** Name of the option, with the code `invalid-option`. */
  readonly option?: string;
  /** Position of the text, where it is about one. */
  readonly index?: number;
}

/** A text has more tokens than the limit, and truncation is off. */
export declare class TooManyTokensError extends InputError {
  readonly code: 'too-many-tokens';
  readonly index: number;
  /** Tokens of the text, special ones included. */
  readonly tokens: number;
  /** Most tokens allowed. */
  readonly limit: number;
}

/** The engine cannot run or go on. */
export declare class EngineError extends MinilmError {
  readonly code: 'unsupported' | 'worker' | 'memory' | 'not-finite' | 'engine' | 'disposed';
}
