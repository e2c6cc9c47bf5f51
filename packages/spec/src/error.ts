// The one error of the project: data (code, message, cause) that survives the worker wall and
// duplicate bundles. Codes are what programs switch on; messages are for people and say what was
// found, where, and what would work.

export type QuernErrorCode =
  | 'webgpu-unavailable' // no adapter, or the adapter is too small for this model
  | 'device-lost'
  | 'out-of-memory'
  | 'gpu-error' // validation or shader compilation: our bug or the driver's
  | 'unsupported-architecture'
  | 'unsupported-dtype'
  | 'unsupported-tokenizer'
  | 'corrupt-file'
  | 'not-found'
  | 'network'
  | 'storage-full'
  | 'storage-error'
  | 'context-overflow'
  | 'template-error'
  | 'invalid-request'
  | 'aborted'
  | 'unloaded'
  | 'internal'; // an assertion of ours failed

const MARK = Symbol.for('quern.error');

export class QuernError extends Error {
  readonly code: QuernErrorCode;
  readonly [MARK] = true;

  constructor(code: QuernErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'QuernError';
    this.code = code;
  }

  /** True for a QuernError of any copy of this module. */
  static is(value: unknown): value is QuernError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true;
  }

  /** `error` itself if it is a QuernError, an 'aborted' one for an AbortError, else one that wraps it. */
  static from(error: unknown, code: QuernErrorCode = 'internal'): QuernError {
    if (QuernError.is(error)) return error;
    const name = error instanceof Error || error instanceof DOMException ? error.name : '';
    const message = error instanceof Error ? error.message : String(error);
    if (name === 'AbortError') return new QuernError('aborted', message || 'aborted', { cause: error });
    return new QuernError(code, message, { cause: error });
  }
}

/** Throws an 'aborted' QuernError when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const reason: unknown = signal.reason;
  throw new QuernError('aborted', reason instanceof Error ? reason.message : 'aborted by the caller', {
    cause: reason,
  });
}

/** For what only a bug of ours can break. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new QuernError('internal', message);
}
