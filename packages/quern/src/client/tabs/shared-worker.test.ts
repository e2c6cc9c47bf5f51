import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeEngine } from '../../api/engine.ts';
import { FakeEngine } from '../../testing/fake-engine.ts';
import { FakeLocks } from '../../testing/fake-locks.ts';
import { noCache, noPlan } from '../../testing/no-cache.ts';
import { createHost } from '../../worker/host.ts';
import { createEngine } from '../create-engine.ts';
import { lastingBackend } from './lasting-backend.ts';

/** As the browser's: one host for each URL and name, which the pages' ports come to. */
class FakeSharedWorker extends EventTarget {
  static readonly hosts = new Map<string, { entry: EventTarget; ports: MessagePort[]; type?: string }>();
  static locks: FakeLocks;
  static started = 0;
  static readonly engines: FakeEngine[] = [];
  static gpu: () => Promise<boolean> = async () => true;
  readonly port: MessagePort;

  constructor(url: string | URL, { name, type }: WorkerOptions = {}) {
    super();
    FakeSharedWorker.started += 1;
    const { hosts, locks, engines, gpu } = FakeSharedWorker;
    const key = `${String(url)} ${name}`;
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    if (String(url).endsWith('/missing.js')) {
      setTimeout(() => this.dispatchEvent(new Event('error')));
      return;
    }
    let host = hosts.get(key);
    if (!host) {
      host = { entry: new EventTarget(), ports: [], type };
      hosts.set(key, host);
      const load = async () => (engines.push(new FakeEngine()), engines.at(-1)!);
      createHost({ plan: noPlan, load, keeper: noCache, hasGpu: gpu, locks: locks.locks }).listen(
        host.entry as MessagePort,
      );
    }
    host.ports.push(port1, port2);
    const { entry } = host;
    port1.addEventListener('message', ({ data }) =>
      entry.dispatchEvent(new MessageEvent('message', { data })),
    );
    port1.start();
  }
}

const place = (file = 'worker.js', name = 'quern x') => ({
  url: `https://page.example/${file}`,
  options: { type: 'module' as const },
  name,
});

const locks = () => FakeSharedWorker.locks.locks;

/** A page's own copy: what it remembers lasts as long as the page. */
async function openPage() {
  vi.resetModules();
  return import('./shared-worker.ts');
}

beforeEach(() => {
  FakeSharedWorker.locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks: locks() });
  vi.stubGlobal('SharedWorker', FakeSharedWorker);
  vi.stubGlobal('location', { href: 'https://page.example/a/', origin: 'https://page.example' });
});
afterEach(() => {
  vi.unstubAllGlobals();
  for (const { ports } of FakeSharedWorker.hosts.values()) for (const port of ports) port.close();
  FakeSharedWorker.hosts.clear();
  FakeSharedWorker.engines.length = 0;
  FakeSharedWorker.gpu = async () => true;
});

describe('whether a SharedWorker has WebGPU', () => {
  it('is asked inside of it, once for a page', async () => {
    const { sharedWorkerHasGpu } = await openPage();
    const gpu = vi.fn(async () => true);
    FakeSharedWorker.gpu = gpu;
    expect(await sharedWorkerHasGpu(place(), locks())).toBe(true);
    expect(await sharedWorkerHasGpu(place('worker.js', 'quern y'), locks())).toBe(true);
    expect(gpu).toHaveBeenCalledTimes(1);
    expect([...FakeSharedWorker.hosts.values()]).toMatchObject([{ type: 'module' }]);
  });

  it('is denied where it has none, where it does not start, and where there are none', async () => {
    const { sharedWorkerHasGpu } = await openPage();
    FakeSharedWorker.gpu = async () => false;
    expect(await sharedWorkerHasGpu(place('a.js'), locks())).toBe(false);
    expect(await sharedWorkerHasGpu(place('missing.js'), locks())).toBe(false);
    vi.stubGlobal('SharedWorker', undefined);
    expect(await sharedWorkerHasGpu(place('b.js'), locks())).toBe(false);
  });

  it('is denied without starting one where two tabs could not meet in it', async () => {
    const { sharedWorkerHasGpu } = await openPage();
    const cdn = { ...place(), url: 'https://cdn.example/worker.js' };
    const blob = { ...place(), url: 'blob:https://page.example/1' };
    expect(await sharedWorkerHasGpu(cdn, locks())).toBe(false);
    expect(await sharedWorkerHasGpu(blob, locks())).toBe(false);
    expect(FakeSharedWorker.hosts.size).toBe(0);
  });

  it('is not waited for without end, and remembered', async () => {
    const { sharedWorkerHasGpu } = await openPage();
    FakeSharedWorker.gpu = () => new Promise(() => undefined);
    expect(await sharedWorkerHasGpu(place(), locks(), 20)).toBe(false);
    FakeSharedWorker.gpu = async () => true;
    const { started } = FakeSharedWorker;
    expect(await sharedWorkerHasGpu(place(), locks())).toBe(false);
    expect(FakeSharedWorker.started).toBe(started);
  });
});

describe('tabs over a SharedWorker', () => {
  const request = { model: 'https://m/x.gguf' };

  it('share one engine, and the last to unload frees it', async () => {
    const { shareWorker } = await openPage();
    const open = async () => makeEngine(await lastingBackend(shareWorker(place(), locks()), request));
    const [first, second] = await Promise.all([open(), open()]);
    expect(FakeSharedWorker.engines).toHaveLength(1);
    await first.unload();
    expect((await second.completions.create({ prompt: 'a' })).choices[0]!.text).toBe('Hello world');
    expect(FakeSharedWorker.engines[0]!.unloads).toBe(0);
    await second.unload();
    expect(FakeSharedWorker.engines[0]!.unloads).toBe(1);
  });

  it('outlive it: the model is loaded again in a new one', async () => {
    const { shareWorker } = await openPage();
    const engine = await makeEngine(await lastingBackend(shareWorker(place(), locks()), request));
    FakeSharedWorker.hosts.clear(); // the browser makes a new one for who asks next
    FakeSharedWorker.locks.kill(FakeSharedWorker.locks.held.find((name) => name.startsWith('quern-host'))!);
    while (FakeSharedWorker.engines.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    expect((await engine.completions.create({ prompt: 'a' })).choices[0]!.text).toBe('Hello world');
    await engine.unload();
  });
});

describe('createEngine', () => {
  it('takes a SharedWorker of the page as `worker`, but not beside `shared`', async () => {
    const worker = () => new FakeSharedWorker('https://page.example/own.js') as unknown as SharedWorker;
    const engine = await createEngine({ model: 'https://m/x.gguf', worker: worker() });
    expect((await engine.completions.create({ prompt: 'a' })).choices[0]!.text).toBe('Hello world');
    await engine.unload();
    await expect(
      createEngine({ model: 'https://m/x.gguf', worker: worker(), shared: true }),
    ).rejects.toMatchObject({ code: 'invalid-request', message: expect.stringContaining('worker') });
  });
});
