// A wait that the caller's signal ends.

import { QuernError, throwIfAborted } from '@quern/spec';

/** `work`, or 'aborted' as soon as the signal fires; the work itself goes on. */
export async function orAborted<T>(work: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  throwIfAborted(signal);
  let settle!: (error: QuernError) => void;
  const aborted = new Promise<never>((_, reject) => (settle = reject));
  const onAbort = () => {
    try {
      throwIfAborted(signal);
    } catch (error) {
      settle(QuernError.from(error));
    }
  };
  signal?.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
