// Reads what a host tells. AbortSignals stay on this side: one that fires rejects the wait at once and returns the
// iterator, which cancels the work over there.

import { QuernError, throwIfAborted } from '@quern/spec';
import type { LoadHooks } from '../api/load-hooks.ts';
import { unpackError } from '../wire/error-wire.ts';
import type { News } from '../wire/host-api.ts';
import type { Link } from './link.ts';

/** What came of the work; the hooks hear of the rest. */
export async function follow<Result>(
  link: Link,
  start: () => Promise<AsyncIterable<News<Result>>>,
  { onProgress, onWarning, signal }: LoadHooks,
): Promise<Result> {
  let last: { result: Result } | undefined;
  for await (const news of iterate(link, start, signal)) {
    if ('progress' in news) onProgress?.(news.progress);
    else if ('warning' in news) onWarning?.(unpackError(news.warning));
    else last = news;
  }
  if (last) return last.result;
  throw new QuernError('internal', 'The worker ended its work without saying what came of it.');
}

export async function* iterate<T>(
  link: Link,
  start: () => Promise<AsyncIterable<T>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  throwIfAborted(signal);
  const iterator = (await link.guard(start(), signal))[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await link.guard(iterator.next(), signal);
      if (done) break;
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) await iterator.return?.();
  }
}
