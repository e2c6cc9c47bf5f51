import { QuernError } from '@quern/spec';
import { expose, wrap } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import './handlers.ts';
import type { PortIterator } from './port-reader.ts';

const ports: MessagePort[] = [];

/** `api` behind a real MessageChannel, as Comlink shows it to the other side. */
function remote<T extends object>(api: T) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose(api, port1);
  return wrap(port2) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
}

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const later = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

async function iteratorOf<T>(iterable: AsyncIterable<T>): Promise<PortIterator<T>> {
  return (await remote({ make: () => iterable }).make!()) as PortIterator<T>;
}

describe('an async iterable across the wall', () => {
  it('brings every item in order, then ends', async () => {
    async function* numbers() {
      for (let i = 0; i < 2000; i++) yield i;
    }
    const seen: number[] = [];
    for await (const n of await iteratorOf(numbers())) seen.push(n);
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it('does nothing before the first pull', async () => {
    let started = false;
    async function* lazy() {
      started = true;
      yield 1;
    }
    const iterator = await iteratorOf(lazy());
    await later(10);
    expect(started).toBe(false);
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(started).toBe(true);
  });

  it('sends the first item at once and what gathered since as one batch', async () => {
    async function* numbers() {
      yield 0;
      for (let i = 1; i < 50; i++) {
        if (i % 10 === 0) await later();
        yield i;
      }
    }
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const { servePort } = await import('./iterable-wire.ts');
    servePort(numbers(), port1);
    const batches: number[][] = [];
    const arrived = () =>
      new Promise<{ items: number[] }>((resolve) => {
        port2.addEventListener('message', ({ data }) => resolve(data), { once: true });
      });
    port2.start();
    for (const wait of [0, 60, 0]) {
      await later(wait);
      const batch = arrived();
      port2.postMessage('pull');
      batches.push((await batch).items);
      if (batches.flat().length === 50) break;
    }
    expect(batches[0]).toEqual([0]);
    expect(batches[1]).toEqual(Array.from({ length: 49 }, (_, i) => i + 1));
  });

  it('rests when nobody pulls', async () => {
    let produced = 0;
    async function* endless() {
      for (;;) yield (produced += 1);
    }
    const iterator = await iteratorOf(endless());
    await iterator.next();
    await later(50);
    const rested = produced;
    expect(rested).toBeLessThan(5000);
    await later(20);
    expect(produced).toBe(rested);
    await iterator.return();
  });

  it('lets no more wait than the iterable says', async () => {
    let produced = 0;
    async function* chunks() {
      for (;;) yield (produced += 1);
    }
    const iterator = await iteratorOf(Object.assign(chunks(), { ahead: 1 }));
    for (const n of [1, 2, 3]) {
      expect(await iterator.next()).toEqual({ done: false, value: n });
      await later(5);
      expect(produced).toBe(n + 1);
    }
    await iterator.return();
  });

  it('cancels the producer with return(), also while a pull waits', async () => {
    let cancelled = false;
    const iterable: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: async () => {
          cancelled = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const iterator = await iteratorOf(iterable);
    const waiting = iterator.next();
    await later(5);
    await iterator.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await later(20);
    expect(cancelled).toBe(true);
  });

  it('throws what the producer threw, with its code, after the items before it', async () => {
    async function* failing() {
      yield 'a';
      throw new QuernError('context-overflow', 'too long', { cause: new RangeError('8 > 4') });
    }
    const iterator = await iteratorOf(failing());
    expect((await iterator.next()).value).toBe('a');
    const error = await iterator.next().catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'context-overflow',
      message: 'too long',
      cause: 'RangeError: 8 > 4',
    });
    expect(QuernError.is(error)).toBe(true);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('tells of an item that cannot cross instead of hanging', async () => {
    let stopped = false;
    async function* bad() {
      try {
        yield () => 1;
        yield 2;
      } finally {
        stopped = true;
      }
    }
    const iterator = await iteratorOf(bad());
    await expect(iterator.next()).rejects.toMatchObject({ code: 'internal' });
    await later(10);
    expect(stopped).toBe(true);
  });

  it('rejects what waits when the other side dies, and stops the producer when the reader dies', async () => {
    const { port1, port2 } = new MessageChannel();
    const { readPort } = await import('./port-reader.ts');
    const waiting = readPort(port2).next();
    await later(5);
    port1.close();
    await expect(waiting).rejects.toMatchObject({ code: 'device-lost' });

    const { servePort } = await import('./iterable-wire.ts');
    const pair = new MessageChannel();
    let produced = 0;
    let stopped = false;
    async function* ticking() {
      try {
        for (;;) {
          await later(2);
          yield (produced += 1);
        }
      } finally {
        stopped = true;
      }
    }
    servePort(ticking(), pair.port1);
    pair.port2.postMessage('pull');
    await later(20);
    pair.port2.close();
    await later(30);
    expect(produced).toBeGreaterThan(0);
    expect(stopped).toBe(true);
  });
});

describe('an error across the wall', () => {
  it('keeps code, message and the text of its cause when thrown', async () => {
    const api = remote({
      fail() {
        throw new QuernError('corrupt-file', 'bad magic', { cause: new Error('offset 0') });
      },
    });
    const error = await api.fail!().catch((e: unknown) => e);
    expect(QuernError.is(error)).toBe(true);
    expect(error).toMatchObject({ code: 'corrupt-file', message: 'bad magic', cause: 'Error: offset 0' });
  });

  it('makes a QuernError of anything else', async () => {
    const api = remote({
      async fail() {
        throw new TypeError('x is not a function');
      },
    });
    await expect(api.fail!()).rejects.toMatchObject({ code: 'internal', message: 'x is not a function' });
  });

  it('crosses as a value too', async () => {
    const api = remote({ last: () => new QuernError('storage-full', 'no room') });
    const value = await api.last!();
    expect(QuernError.is(value)).toBe(true);
    expect(value).toMatchObject({ code: 'storage-full', message: 'no room' });
  });
});
