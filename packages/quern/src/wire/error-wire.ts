// Errors across the wall: code, message and the text of the cause survive. Replaces Comlink's own
// handler for what is thrown, which would keep name, message and stack only.

import { QuernError, type QuernErrorCode } from '@quern/spec';
import { transferHandlers } from 'comlink';

export interface WireError {
  code: QuernErrorCode;
  message: string;
  stack: string;
  cause?: string;
}

export function packError(error: unknown): WireError {
  const { code, message, stack = '', cause } = QuernError.from(error);
  const packed: WireError = { code, message, stack };
  if (cause === undefined || cause === null) return packed;
  return { ...packed, cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) };
}

/** The stack is the one of the side that threw. */
export function unpackError({ code, message, stack, cause }: WireError): QuernError {
  const error = new QuernError(code, message, cause === undefined ? undefined : { cause });
  if (stack) error.stack = stack;
  return error;
}

export function registerErrorHandlers(): void {
  // Comlink marks what is thrown with a symbol that it keeps to itself, so its own test is reused.
  const thrown = transferHandlers.get('throw');
  if (!thrown) throw new QuernError('internal', "Comlink's handler for thrown values is missing.");
  transferHandlers.set('throw', {
    canHandle: thrown.canHandle,
    serialize: ({ value }: { value: unknown }) => [packError(value), []],
    deserialize: (packed: WireError) => {
      throw unpackError(packed);
    },
  });
  transferHandlers.set('quern-error', {
    canHandle: (value): value is QuernError => QuernError.is(value),
    serialize: (error: QuernError) => [packError(error), []],
    deserialize: unpackError,
  });
}
