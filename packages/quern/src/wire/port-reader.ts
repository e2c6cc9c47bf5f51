// The reading end of an async iterable on a MessagePort.

import { QuernError } from '@quern/spec';
import { unpackError } from './error-wire.ts';
import type { Batch, ToProducer } from './iterable-wire.ts';

export interface PortIterator<T> extends AsyncIterableIterator<T, void, undefined> {
  next(): Promise<IteratorResult<T, void>>;
  /** Cancels the producer. Does not wait for it; a pending next() ends as done. */
  return(): Promise<IteratorResult<T, void>>;
}

export function readPort<T>(port: MessagePort): PortIterator<T> {
  let items: T[] = [];
  let ended = false;
  let failure: QuernError | undefined;
  let settle: (() => void) | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const end = (error?: QuernError) => {
    if (ended) return;
    ended = true;
    failure = error;
    port.close();
    settle?.();
  };
  port.addEventListener('message', ({ data }: MessageEvent<Batch<T>>) => {
    if (ended) return;
    items.push(...data.items);
    if (data.end) end(data.error && unpackError(data.error));
    settle?.();
  });
  port.addEventListener('messageerror', () => {
    end(new QuernError('internal', 'A message from the engine could not be read by this page.'));
  });
  port.addEventListener('close', () => {
    end(
      new QuernError(
        'device-lost',
        'The engine went away in the middle of an answer: its worker, or the tab that ran it, was closed. ' +
          'Send the request again; if that fails, load the model again.',
      ),
    );
  });
  port.start();

  const pull = async (): Promise<IteratorResult<T, void>> => {
    if (items.length === 0 && !ended) {
      port.postMessage('pull' satisfies ToProducer);
      await new Promise<void>((resolve) => (settle = resolve));
      settle = undefined;
    }
    if (items.length > 0) return { done: false, value: items.shift()! };
    if (failure) {
      const error = failure;
      failure = undefined; // told once, as a generator would
      throw error;
    }
    return { done: true, value: undefined };
  };
  return {
    next: () => {
      const result = turn.then(pull);
      turn = result.catch(() => undefined);
      return result;
    },
    return: async () => {
      if (!ended) port.postMessage('return' satisfies ToProducer);
      items = [];
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
