import { QuernError } from '@quern/spec';
import { expose, wrap } from 'comlink';
import { afterEach, expect, it } from 'vitest';
import './handlers.ts';
import { openTunnel } from './tunnel.ts';

const later = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

/** Two tabs' ends of one conversation: what `near` says, `far` hears, and the other way round. */
function conversation() {
  const name = `test-${crypto.randomUUID()}`;
  const ends = ([0, 1] as const).map((end) => {
    const channel = new BroadcastChannel(name);
    const { port1: port, port2: first } = new MessageChannel();
    const tunnel = openTunnel(channel, first, end);
    cleanups.push(
      tunnel.close,
      () => channel.close(),
      () => port.close(),
    );
    return { port, tunnel, channel };
  });
  return { near: ends[0]!, far: ends[1]! };
}

/** The next `count` messages of a port, as they come. */
function heard(port: MessagePort, count: number): Promise<MessageEvent[]> {
  const events: MessageEvent[] = [];
  return new Promise((resolve) => {
    port.addEventListener('message', (event) => {
      events.push(event);
      if (events.length === count) resolve(events);
    });
    port.start();
  });
}

const closed = (port: MessagePort) =>
  new Promise<void>((resolve) => port.addEventListener('close', () => resolve(), { once: true }));

it('carries what is posted, both ways, in order, Blobs and bytes too', async () => {
  const { near, far } = conversation();
  const there = heard(far.port, 1000);
  const back = heard(near.port, 1);
  for (let i = 0; i < 999; i++) near.port.postMessage({ i, list: [i, { deep: null }] });
  near.port.postMessage({ file: new Blob(['abc']), bytes: new Uint8Array([1, 2]) });
  const events = await there;
  expect(events.slice(0, 999).map(({ data }) => data.i)).toEqual(Array.from({ length: 999 }, (_, i) => i));
  expect(events[5]!.data).toEqual({ i: 5, list: [5, { deep: null }] });
  expect(await (events[999]!.data.file as Blob).text()).toBe('abc');
  expect(events[999]!.data.bytes).toEqual(new Uint8Array([1, 2]));
  far.port.postMessage('heard');
  expect((await back)[0]!.data).toBe('heard');
});

it('carries the ports in messages, wherever they lie, and ports in their messages', async () => {
  const { near, far } = conversation();
  const [plain, deep, inner] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
  cleanups.push(
    ...[plain, deep, inner].map(
      ({ port1 }) =>
        () =>
          port1.close(),
    ),
  );
  near.port.postMessage(plain.port2, [plain.port2]);
  near.port.postMessage({ args: [1, { value: deep.port2 }], kept: 'x' }, [deep.port2]);
  const [first, second] = await heard(far.port, 2);
  const [farPlain, farDeep] = [first!.data as MessagePort, second!.data.args[1].value as MessagePort];
  expect(second!.data).toMatchObject({ args: [1, {}], kept: 'x' });
  expect(second!.ports).toEqual([farDeep]);

  // Said before anybody listened over there, so it must have waited in the port.
  plain.port1.postMessage('a');
  deep.port1.postMessage({ inner: inner.port2 }, [inner.port2]);
  expect((await heard(farPlain, 1))[0]!.data).toBe('a');
  const farInner = (await heard(farDeep, 1))[0]!.data.inner as MessagePort;
  farInner.postMessage('from the far end');
  expect((await heard(inner.port1, 1))[0]!.data).toBe('from the far end');
});

it('gives ports that both ends bring at the same time different names', async () => {
  const { near, far } = conversation();
  const [mine, yours] = [new MessageChannel(), new MessageChannel()];
  const [atFar, atNear] = [heard(far.port, 1), heard(near.port, 1)];
  near.port.postMessage({ port: mine.port2 }, [mine.port2]);
  far.port.postMessage({ port: yours.port2 }, [yours.port2]);
  const [fromNear, fromFar] = [(await atFar)[0]!.data.port, (await atNear)[0]!.data.port] as MessagePort[];
  mine.port1.postMessage('near');
  yours.port1.postMessage('far');
  expect((await heard(fromNear!, 1))[0]!.data).toBe('near');
  expect((await heard(fromFar!, 1))[0]!.data).toBe('far');
  mine.port1.close();
  yours.port1.close();
});

it('closes the twin of a port that is closed, after what it said before', async () => {
  const { near, far } = conversation();
  const { port1, port2 } = new MessageChannel();
  near.port.postMessage({ port: port2 }, [port2]);
  const twin = (await heard(far.port, 1))[0]!.data.port as MessagePort;
  const last = heard(twin, 2);
  const ends = closed(twin);
  port1.postMessage('one');
  port1.postMessage('two');
  port1.close();
  expect((await last).map(({ data }) => data)).toEqual(['one', 'two']);
  await ends;
  // Its neighbours go on, and the other end can close as well.
  const rootEnds = closed(near.port);
  far.port.close();
  await rootEnds;
});

it('closes the port of a message that cannot be cloned, instead of losing it silently', async () => {
  const { near, far } = conversation();
  const ends = [closed(near.port), closed(far.port)];
  far.port.start();
  const stream = new ReadableStream();
  near.port.postMessage({ stream }, [stream]);
  await Promise.all(ends);
});

it('closes all its ports when it is closed, and says nothing more', async () => {
  const { near, far } = conversation();
  const { port1, port2 } = new MessageChannel();
  near.port.postMessage({ port: port2 }, [port2]);
  const twin = (await heard(far.port, 1))[0]!.data.port as MessagePort;
  const ends = Promise.all([closed(twin), closed(far.port)]);
  const packets: unknown[] = [];
  near.channel.addEventListener('message', ({ data }) => packets.push(data));
  far.tunnel.close();
  await ends;
  await later(20);
  expect(packets).toEqual([]);
  port1.close();
});

it("carries Comlink's calls and iterables, 20 000 items long; return() cancels, errors keep their code", async () => {
  const { near, far } = conversation();
  let cancelled = false;
  expose(
    {
      async *count(to: number) {
        try {
          for (let i = 0; i < to; i++) yield i;
          if (to === 3) throw new QuernError('context-overflow', 'too long');
        } finally {
          cancelled = true;
        }
      },
    },
    far.port,
  );
  const api = wrap(near.port) as unknown as { count(to: number): Promise<AsyncIterable<number>> };
  const all: number[] = [];
  for await (const i of await api.count(20_000)) all.push(i);
  expect(all).toHaveLength(20_000);
  expect(all.every((value, i) => value === i)).toBe(true);

  const few: number[] = [];
  const failing = async () => {
    for await (const i of await api.count(3)) few.push(i);
  };
  await expect(failing()).rejects.toMatchObject({ code: 'context-overflow', message: 'too long' });
  expect(few).toEqual([0, 1, 2]);

  cancelled = false;
  for await (const i of await api.count(1e9)) if (i === 10) break;
  await later(50);
  expect(cancelled).toBe(true);
});
