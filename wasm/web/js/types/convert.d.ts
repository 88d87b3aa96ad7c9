import type { DownloadError, EngineError, InputError, MinilmError } from './common.js';

export { DownloadError, EngineError, InputError, MinilmError };

/** A file of a model directory: its path there, with `/` between folders, and its content. */
export type ModelDirectoryFile = { path: string; blob: Blob } | { path: string; bytes: ArrayBuffer | ArrayBufferView };

/** A model on the Hugging Face hub, or on a mirror that has its listing of files. */
export interface HubModel {
  /** `owner/name`; without an owner that of sentence-transformers. */
  hub: string;
  /** A branch, a tag or a commit. Default `main`. */
  revision?: string;
  /** Address of the hub. Default `https://huggingface.co`. */
  endpoint?: string;
  /** What a private or gated model asks for. It is sent to `endpoint` alone. */
  token?: string;
}

/**
 * A directory of a sentence-transformers model: its files, as a drop or an `<input webkitdirectory>` has them, the path of the
 * directory (in Node alone), or a model of a hub.
 */
export type ConvertSource = Iterable<File | ModelDirectoryFile> | HubModel | string | URL;

/** Options of `convertModel`. */
export interface ConvertOptions {
  /** Number format of the weights: `int6-e4` has layers of 6 bits and word embeddings of 4 bits. Default `int8`. */
  precision?: 'int8' | 'int6-e4' | 'f32';
  /** Name that every output of the model carries. Default that of the directory, or of the model on the hub. */
  name?: string;
  /** Told how far the conversion has come. */
  progress?: (progress: ConvertProgress) => void;
  /** Ends the conversion: at once in a worker; else between files and between layers. */
  signal?: AbortSignal;
  /** Whether to convert in a worker, so that the calling thread is never held up. Default true, where there are workers. */
  worker?: boolean;
  /** The WebAssembly module, instead of the one that comes with the package. */
  wasm?: string | URL | Response | BufferSource | WebAssembly.Module;
}

/** How far a conversion has come. */
export interface ConvertProgress {
  /** Files are fetched from a hub, or read from where they are; then the model is converted. */
  phase: 'download' | 'read' | 'convert';
  /** What is done of the phase, 0 to 1. */
  fraction: number;
}

/** A packed model. */
export interface Converted {
  /** The packed file, which `createEmbedder` takes as `model`. The same bytes as `minilm pack` writes. */
  bytes: Uint8Array;
  info: ConvertedInfo;
}

/** What is known about a packed model. */
export interface ConvertedInfo {
  name: string;
  /** Identity of the model: SHA-256, 64 hexadecimal digits, of everything that decides its vectors, but for the precision. */
  modelSha256: string;
  precision: 'int8' | 'int6-e4' | 'f32';
  /** Dimensions of a vector. */
  dim: number;
  /** Most tokens that are read of a text where a call is not told otherwise. */
  maxSeqLength: number;
  vocabSize: number;
  /** 0 for static embeddings. */
  numHiddenLayers: number;
  /** Bytes of the packed file. */
  fileBytes: number;
  /** Bytes of the memory of the module, source and packed file included, which was given back. */
  memoryBytes: number;
}

/** The model directory cannot be converted. */
export declare class ConvertError extends MinilmError {
  readonly code:
    | 'source-missing-file'
    | 'source-no-weights'
    | 'source-json'
    | 'source-tokenizer'
    | 'source-weights'
    | 'source-tensor'
    | 'source-unsupported';
  /** Path of the file in the model directory, where it is about one. */
  readonly file?: string;
}

/**
 * Converts a model directory to a packed file.
 * @throws ConvertError, DownloadError, InputError, EngineError, the signal's reason
 */
export declare function convertModel(source: ConvertSource, options?: ConvertOptions): Promise<Converted>;
