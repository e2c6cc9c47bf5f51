// Turns callbacks into an async iterable: what was pushed comes out in order.

export interface Channel<T> {
  push(item: T): void;
  end(): void;
  fail(error: unknown): void;
  items: AsyncGenerator<T, void, undefined>;
}

export function channel<T>(): Channel<T> {
  let queue: T[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;

  async function* items(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const batch = queue;
      queue = [];
      yield* batch;
      if (queue.length > 0) continue;
      if (failure) throw failure.error;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    push(item) {
      queue.push(item);
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    fail(error) {
      failure = { error };
      wake?.();
    },
    items: items(),
  };
}
