import { afterEach, expect, it, vi } from 'vitest';
import { startWorker } from './start-worker.ts';

class FakeWorker {
  static started: FakeWorker[] = [];
  readonly url: string;
  readonly options: WorkerOptions | undefined;
  terminated = false;

  constructor(url: string | URL, options?: WorkerOptions) {
    this.url = String(url);
    this.options = options;
    FakeWorker.started.push(this);
  }
  terminate() {
    this.terminated = true;
  }
}

afterEach(() => {
  FakeWorker.started = [];
  vi.unstubAllGlobals();
});

const here = new URL('../worker/index.ts', import.meta.url);

function onPage(href: string) {
  vi.stubGlobal('Worker', FakeWorker);
  const { origin } = new URL(href);
  vi.stubGlobal('location', { href, origin });
}

it('starts one module worker by its own URL on the same origin', () => {
  onPage(new URL('/page/', here).href);
  const { worker, terminate } = startWorker();
  expect(FakeWorker.started).toHaveLength(1);
  expect(FakeWorker.started[0]).toMatchObject({ url: here.href, options: { type: 'module' } });
  expect(globalThis.Worker).toBe(FakeWorker);
  terminate();
  expect((worker as unknown as FakeWorker).terminated).toBe(true);
});

it('imports it from a Blob module on another origin', async () => {
  onPage('https://example.org/app/');
  let source: Blob | undefined;
  vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    source = blob as Blob;
    return 'blob:https://example.org/1';
  });
  const revoke = vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => undefined);
  const { terminate } = startWorker();
  expect(FakeWorker.started).toHaveLength(1);
  expect(FakeWorker.started[0]).toMatchObject({
    url: 'blob:https://example.org/1',
    options: { type: 'module' },
  });
  expect(source!.type).toBe('text/javascript');
  expect(await source!.text()).toBe(`import ${JSON.stringify(here.href)};`);
  terminate();
  expect(revoke).toHaveBeenCalledWith('blob:https://example.org/1');
});

it('says what to do where there are no workers', () => {
  vi.stubGlobal('Worker', undefined);
  expect(() => startWorker()).toThrow(/quern\/node/);
});
