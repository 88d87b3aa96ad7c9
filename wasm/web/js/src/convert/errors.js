// What can go wrong with a conversion, beside the errors of the package.

import { EngineError, MinilmError, fromFault, named } from '../errors.js';

/** The model directory cannot be converted: the codes begin with `source-`, and `file` says which of its files it is about. */
export class ConvertError extends MinilmError {}
named({ ConvertError });

/**
 * The error of an object with `code` and `message`: one that the WebAssembly module threw, or that came from a worker.
 * @param {{ code: string, message: string, [detail: string]: unknown }} fault
 * @returns {MinilmError}
 */
export function fromConverter(fault) {
  const { code, message, ...details } = fault;
  return code.startsWith('source-') ? new ConvertError(code, message, details) : fromFault(fault);
}

/**
 * The error for whatever came out of a call into the module.
 * @param {any} error
 */
export function translated(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    return new EngineError('engine', `the converter stopped, perhaps for want of memory: ${error.message}`, {
      cause: error,
    });
  }
  const isFault = !(error instanceof Error) && typeof error?.code === 'string' && typeof error.message === 'string';
  return isFault ? fromConverter(error) : error;
}
