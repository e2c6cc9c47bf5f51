import { type InferenceEngine, QuernError } from '@quern/spec';
import { afterEach, describe, expect, it } from 'vitest';
import type { FilesRequest, Keeper } from '../api/keeper.ts';
import { type Engine, makeEngine } from '../api/engine.ts';
import { connect, type Link } from '../client/link.ts';
import { loadRemote, remoteBackend } from '../client/remote-backend.ts';
import { FakeEngine, FAKE_INFO, type FakeScript } from '../testing/fake-engine.ts';
import { FakeLocks } from '../testing/fake-locks.ts';
import { noCache, noPlan } from '../testing/no-cache.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import type { LoadModel } from './engine-slot.ts';
import { createHost } from './host.ts';

const later = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

/** A host with an entry port; what it loads is a FakeEngine. */
function startHost(
  script: FakeScript = {},
  options: { locks?: FakeLocks; load?: LoadModel; keeper?: Keeper } = {},
) {
  const engines: FakeEngine[] = [];
  const load: LoadModel =
    options.load ??
    (async (request, { onProgress }) => {
      onProgress({
        phase: 'weights',
        loaded: 5,
        total: 10,
        file: String(request.model),
        fileLoaded: 5,
        fileTotal: 10,
        from: 'network',
        bytesPerSecond: 1,
      });
      await later(5);
      engines.push(new FakeEngine(script));
      return engines.at(-1)!;
    });
  const { port1, port2 } = new MessageChannel();
  createHost({
    plan: noPlan,
    load,
    keeper: options.keeper ?? noCache,
    hasGpu: async () => true,
    locks: options.locks?.locks,
  }).listen(port1);
  port1.start();
  cleanups.push(() => port1.close());
  return { entry: port2, engines };
}

async function join(entry: MessagePort, locks?: FakeLocks): Promise<Link> {
  const link = await connect(entry, locks?.locks);
  cleanups.push(link.close);
  return link;
}

async function load(link: Link, request: LoadRequest = { model: 'https://m/x.gguf' }): Promise<Engine> {
  await loadRemote(link, request);
  return makeEngine(remoteBackend(link, link.close));
}

const hi = { messages: [{ role: 'user' as const, content: 'Hi' }] };
const slow = { pieces: Array.from({ length: 500 }, () => 'x'), delayMs: 2 };

describe('a host and its clients', () => {
  it('load adapters from where the model came from, for requests to choose, and unload them', async () => {
    const asked: FilesRequest[] = [];
    const keeper = { ...noCache, open: async (request: FilesRequest) => (asked.push(request), []) };
    const { entry, engines } = startHost({}, { keeper });
    const link = await join(entry);
    await loadRemote(link, { model: 'https://m/x.gguf' });
    const engine = await makeEngine(
      remoteBackend(link, link.close, { baseUrl: 'https://page/', token: 'T' }),
    );
    const info = await engine.loadAdapter({ id: 'style', model: './lora/' });
    expect(info).toMatchObject({ id: 'style', rank: 8 });
    expect(asked).toEqual([{ id: 'style', model: './lora/', baseUrl: 'https://page/', token: 'T' }]);
    expect((await engine.info()).adapters).toEqual([info]);
    await engine.chat.completions.create({ ...hi, adapters: [{ id: 'style', scale: 0.5 }] });
    expect(engines[0]!.requests[0]!.adapters).toEqual([{ id: 'style', scale: 0.5 }]);
    await engine.unloadAdapter('style');
    await expect(engine.unloadAdapter('style')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('load with progress and answer whole and in chunks', async () => {
    const { entry } = startHost({ pieces: ['Hel', 'lo'] });
    const link = await join(entry);
    const seen: number[] = [];
    await loadRemote(link, { model: 'https://m/x.gguf' }, { onProgress: (p) => seen.push(p.loaded) });
    expect(seen).toEqual([5]);
    const engine = await makeEngine(remoteBackend(link, link.close));
    const whole = await engine.chat.completions.create(hi);
    expect(whole.choices[0]!.message.content).toBe('Hello');
    expect(whole).toMatchObject({ model: FAKE_INFO.model, usage: { completion_tokens: 2 } });
    let text = '';
    for await (const chunk of engine.chat.completions.create({ ...hi, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('Hello');
    expect((await engine.completions.create({ prompt: [5, 6] })).choices[0]!.text).toBe('Hello');
    expect(await engine.info()).toEqual(FAKE_INFO);
    expect(await engine.profile('decode')).toMatchObject([{ kernel: 'matmul-decode' }]);
    expect(await engine.perplexity([4, 5, 6])).toEqual({ promptIds: [4, 5, 6], nll: [1, 2] });
    const rows = [];
    for await (const row of engine.bench({ promptTokens: [8], decodeTokens: 4, repetitions: 2 }))
      rows.push(row);
    expect(rows.map(({ test, tokens }) => [test, tokens])).toEqual([
      ['prefill', 8],
      ['decode', 4],
    ]);
  });

  it('warn of what did not end the load, also those who come later', async () => {
    const full = new QuernError('storage-full', 'no room', { cause: new Error('quota') });
    const { entry } = startHost(
      {},
      {
        load: async (_request, { onWarning }) => {
          onWarning(full);
          return new FakeEngine();
        },
      },
    );
    for (const model of ['m/m', 'm/m']) {
      const warnings: QuernError[] = [];
      await loadRemote(await join(entry), { model }, { onWarning: (w) => warnings.push(w) });
      expect(warnings).toMatchObject([{ code: 'storage-full', message: 'no room', cause: 'Error: quota' }]);
      expect(QuernError.is(warnings[0])).toBe(true);
    }
  });

  it('refuse a bad request before anything crosses', async () => {
    const { entry, engines } = startHost();
    const engine = await load(await join(entry));
    await expect(engine.chat.completions.create({ ...hi, n: 2 })).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect(() => engine.chat.completions.create({ ...hi, stream: true, temperature: 9 })).toThrow(
      /temperature/,
    );
    expect(engines[0]!.requests).toEqual([]);
  });

  it('bring an error of the engine over with its code, and stay usable', async () => {
    const error = new QuernError('context-overflow', 'too long');
    const { entry, engines } = startHost({ failure: { after: 1, error } });
    const engine = await load(await join(entry));
    const texts: string[] = [];
    const answer = async () => {
      for await (const chunk of engine.completions.create({ prompt: 'a', stream: true })) {
        texts.push(chunk.choices[0]!.text);
      }
    };
    await expect(answer()).rejects.toMatchObject({ code: 'context-overflow', message: 'too long' });
    expect(texts).toEqual(['Hello']);
    await expect(engine.completions.create({ prompt: 'a' })).rejects.toMatchObject({
      code: 'context-overflow',
    });
    expect(engines[0]!.requests).toHaveLength(2);
  });

  it('cancel when the loop is left, and when the signal fires', async () => {
    const { entry, engines } = startHost(slow);
    const engine = await load(await join(entry));
    for await (const chunk of engine.chat.completions.create({ ...hi, stream: true })) {
      if (chunk.choices[0]!.delta.content === 'x') break;
    }
    await later(30);
    expect(engines[0]!.cancelled).toBe(1);
    const stop = new AbortController();
    const answer = engine.chat.completions.create(hi, { signal: stop.signal });
    await later(20);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    await later(30);
    expect(engines[0]!.cancelled).toBe(2);
    expect(engines[0]!.produced).toBeLessThan(200);
    const never = AbortSignal.abort();
    await expect(engine.chat.completions.create(hi, { signal: never })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(engines[0]!.requests).toHaveLength(2);
  });

  it('share one engine, and the last one frees it', async () => {
    const { entry, engines } = startHost();
    const [first, second] = await Promise.all([load(await join(entry)), load(await join(entry))]);
    expect(engines).toHaveLength(1);
    await first.unload();
    expect(engines[0]!.unloads).toBe(0);
    await expect(first.chat.completions.create(hi)).rejects.toMatchObject({ code: 'unloaded' });
    expect((await second.chat.completions.create(hi)).choices[0]!.finish_reason).toBe('stop');
    await second.unload();
    expect(engines[0]!.unloads).toBe(1);
    await load(await join(entry));
    expect(engines).toHaveLength(2);
  });

  it('refuse a second model, and take it when the first is gone', async () => {
    const { entry } = startHost();
    const first = await load(await join(entry));
    const link = await join(entry);
    await expect(load(link, { model: 'https://m/other.gguf' })).rejects.toMatchObject({
      code: 'invalid-request',
    });
    await first.unload();
    await load(link, { model: 'https://m/other.gguf' });
  });
});

describe('a load', () => {
  it('fails with its own code and can be tried again', async () => {
    let tries = 0;
    const { entry } = startHost(
      {},
      {
        load: async () => {
          tries += 1;
          if (tries === 1) throw new QuernError('corrupt-file', 'bad magic');
          return new FakeEngine();
        },
      },
    );
    const link = await join(entry);
    await expect(load(link)).rejects.toMatchObject({ code: 'corrupt-file', message: 'bad magic' });
    await load(link);
    expect(tries).toBe(2);
  });

  it('is aborted with the last client that waits for it, and frees what came too late', async () => {
    const late = new FakeEngine();
    let finish!: (engine: InferenceEngine) => void;
    let aborted = false;
    const { entry } = startHost(
      {},
      {
        load: (_request, { signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          return new Promise((resolve) => (finish = resolve));
        },
      },
    );
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [];
    for (const { signal } of [one, two]) {
      const wait = loadRemote(await join(entry), { model: 'm/m' }, { signal });
      waits.push(expect(wait).rejects.toMatchObject({ code: 'aborted' }));
    }
    await later(20);
    one.abort();
    await later(20);
    expect(aborted).toBe(false);
    two.abort();
    await later(20);
    expect(aborted).toBe(true);
    finish(late);
    await Promise.all(waits);
    await later(10);
    expect(late.unloads).toBe(1);
  });
});

describe('a death', () => {
  it('of a client, told by its lock, aborts its requests and drops its hold', async () => {
    const locks = new FakeLocks();
    const { entry, engines } = startHost(slow, { locks });
    const link = await join(entry, locks);
    const name = locks.held.find((held) => held.startsWith('quern-client'))!;
    const engine = await load(link);
    const answer = engine.chat.completions.create(hi).catch((error: unknown) => error);
    await later(30);
    locks.kill(name);
    await later(30);
    expect(engines[0]!.cancelled).toBe(1);
    expect(engines[0]!.unloads).toBe(1);
    expect(QuernError.is(await answer)).toBe(true);
  });

  it('of a client leaves the engine to the others', async () => {
    const locks = new FakeLocks();
    const { entry, engines } = startHost({}, { locks });
    const dying = await join(entry, locks);
    const name = locks.held.find((held) => held.startsWith('quern-client'))!;
    await load(dying);
    const other = await load(await join(entry, locks));
    locks.kill(name);
    await later(20);
    expect(engines[0]!.unloads).toBe(0);
    expect((await other.chat.completions.create(hi)).choices).toHaveLength(1);
  });

  it('of the host, told by its lock, rejects what waits and what comes', async () => {
    const locks = new FakeLocks();
    const { entry } = startHost(slow, { locks });
    const link = await join(entry, locks);
    const engine = await load(link);
    const answer = engine.chat.completions.create(hi).catch((error: unknown) => error);
    await later(20);
    locks.kill(locks.held.find((held) => held.startsWith('quern-host'))!);
    expect(await answer).toMatchObject({ code: 'device-lost' });
    await expect(engine.info()).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('of a worker, told by its error event, rejects what waits', async () => {
    const worker = new EventTarget() as unknown as Worker;
    worker.postMessage = () => undefined; // never answers
    const joining = connect(worker, undefined).catch((error: unknown) => error);
    await later(5);
    worker.dispatchEvent(new Event('error'));
    expect(await joining).toMatchObject({
      code: 'network',
      message: expect.stringContaining('did not start'),
    });
  });

  it('by unload() rejects what waits, and gives the locks back', async () => {
    const locks = new FakeLocks();
    const { entry } = startHost(slow, { locks });
    const link = await join(entry, locks);
    const engine = await load(link);
    const answer = engine.chat.completions.create(hi).catch((error: unknown) => error);
    await later(20);
    await Promise.all([engine.unload(), engine.unload()]);
    expect(QuernError.is(await answer)).toBe(true);
    await later(5);
    expect(locks.held.filter((held) => held.startsWith('quern-client'))).toEqual([]);
  });
});
