// What can go wrong, as classes. `code` is for programs, `message` for people.

/** The base of every error of this package but those of an abort, which are the signal's reason. */
export class MinilmError extends Error {
  /**
   * @param {string} code what went wrong
   * @param {string} message the same for people
   * @param {{ cause?: unknown, [detail: string]: unknown }} [details] `cause`, and what is to be a property
   */
  constructor(code, message, { cause, ...details } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, details);
  }
}

/** The model file cannot be used: `model-invalid`, `-truncated`, `-version`, `-checksum`, `-sha256`. */
export class ModelError extends MinilmError {}

/** The model or the WebAssembly file did not come: `network`, `http-status` (with `status`), `file`, `package-file` (with `url`). */
export class DownloadError extends MinilmError {}

/** An argument or option is not what it should be: `invalid-input`, `invalid-option` (with `option`), `rows`, `too-large`. */
export class InputError extends MinilmError {}

/** A text has more tokens than the limit and truncation is off: `too-many-tokens`, with `index`, `tokens` and `limit`. */
export class TooManyTokensError extends InputError {}

/** The engine cannot run or go on: `unsupported`, `worker`, `memory`, `not-finite`, `engine`, `disposed`. */
export class EngineError extends MinilmError {}

/**
 * Gives errors the names of their classes, which minifiers change.
 * @param {Record<string, typeof MinilmError>} classes
 */
export function named(classes) {
  for (const [value, { prototype }] of Object.entries(classes))
    Object.defineProperty(prototype, 'name', { value, configurable: true, writable: true });
}
named({ MinilmError, ModelError, DownloadError, InputError, TooManyTokensError, EngineError });

/** @type {Record<string, typeof MinilmError>} */
const CLASSES = {
  'model-invalid': ModelError,
  'model-truncated': ModelError,
  'model-version': ModelError,
  'model-checksum': ModelError,
  'model-sha256': ModelError,
  network: DownloadError,
  'http-status': DownloadError,
  file: DownloadError,
  'package-file': DownloadError,
  'invalid-input': InputError,
  'invalid-option': InputError,
  rows: InputError,
  'too-large': InputError,
  'too-many-tokens': TooManyTokensError,
};

/**
 * The error of an object with `code` and `message`: one that the WebAssembly module threw, or that came from a worker.
 * @param {{ code: string, message: string, [detail: string]: unknown }} fault
 * @returns {MinilmError}
 */
export function fromFault({ code, message, ...details }) {
  return new (CLASSES[code] ?? EngineError)(code, message, details);
}

/**
 * An error as an object that can be sent to another thread.
 * @param {unknown} error
 * @returns {{ code: string, message: string, [detail: string]: unknown }}
 */
export function toFault(error) {
  if (error instanceof MinilmError) {
    const { cause: _cause, ...details } = /** @type {any} */ (error);
    return { ...details, code: error.code, message: error.message };
  }
  return { code: 'engine', message: String(error) };
}
