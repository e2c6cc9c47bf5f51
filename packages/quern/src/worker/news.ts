// Slow work as an async iterable of what it tells and, last, what came of it.

import type { LoadHooks } from '../api/load-hooks.ts';
import { packError } from '../wire/error-wire.ts';
import type { News } from '../wire/host-api.ts';
import { channel } from './channel.ts';

/** Starts with the first pull. */
export async function* newsOf<Result>(
  work: (hooks: Required<LoadHooks>) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<News<Result>, void, undefined> {
  const { push, end, fail, items } = channel<News<Result>>();
  const hooks: Required<LoadHooks> = {
    onProgress: (progress) => push({ progress }),
    onWarning: (warning) => push({ warning: packError(warning) }),
    signal,
  };
  const run = async () => {
    try {
      push({ result: await work(hooks) });
      end();
    } catch (error) {
      fail(error);
    }
  };
  void run();
  yield* items;
}
