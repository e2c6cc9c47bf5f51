// An async iterable across the wall, over a MessagePort of its own. The reader pulls; what was produced
// between two pulls arrives as one batch, so neither side waits a round trip per item. `return()`
// cancels the producer, and so does the reader's death where ports report it. Nothing runs before the
// first pull, and a producer whose reader has stopped pulling rests after some items.

import { transferHandlers } from 'comlink';
import { type WireError, packError } from './error-wire.ts';
import { readPort } from './port-reader.ts';

export type ToProducer = 'pull' | 'return';

export interface Batch<T> {
  items: T[];
  /** Set in the last batch. */
  end?: true;
  error?: WireError;
}

/** Items that may wait for their reader. */
const AHEAD = 1024;

/** An iterable whose items are large says how many may wait. */
interface Paced {
  ahead?: number;
}

/** Serves `iterable` on `port` until it ends or the reader returns. */
export function servePort<T>(iterable: AsyncIterable<T> & Paced, port: MessagePort): void {
  const iterator = iterable[Symbol.asyncIterator]();
  const { ahead = AHEAD } = iterable;
  let queue: T[] = [];
  let last: Pick<Batch<T>, 'end' | 'error'> | undefined;
  let asked = false;
  let running = false;
  let stopped = false;
  let wake: (() => void) | undefined;

  const flush = () => {
    if (!asked || stopped || (queue.length === 0 && !last)) return;
    asked = false;
    const batch: Batch<T> = { items: queue, ...last };
    queue = [];
    wake?.();
    try {
      port.postMessage(batch);
    } catch (error) {
      port.postMessage({ items: [], end: true, error: packError(error) } satisfies Batch<T>);
      stop(); // the reader closes the port when it has read this
    }
  };
  const stop = () => {
    if (stopped) return;
    stopped = true;
    queue = [];
    wake?.();
    // The producer's own complaint about being stopped has no reader any more.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
  const pump = async () => {
    try {
      for (;;) {
        if (stopped) return;
        const { done, value } = await iterator.next();
        if (done) break;
        queue.push(value);
        flush();
        if (queue.length >= ahead) await new Promise<void>((resolve) => (wake = resolve));
      }
      last = { end: true };
    } catch (error) {
      last = { end: true, error: packError(error) };
    }
    flush();
  };

  port.addEventListener('message', ({ data }: MessageEvent<ToProducer>) => {
    if (data === 'return') {
      stop();
      port.close();
      return;
    }
    asked = true;
    if (!running) {
      running = true;
      void pump();
    }
    flush();
  });
  port.addEventListener('close', stop);
  port.start();
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

export function registerIterableHandler(): void {
  transferHandlers.set('quern-iterable', {
    canHandle: isAsyncIterable,
    serialize: (iterable: AsyncIterable<unknown>) => {
      const { port1, port2 } = new MessageChannel();
      servePort(iterable, port1);
      return [port2, [port2]];
    },
    deserialize: (port: MessagePort) => readPort(port),
  });
}
