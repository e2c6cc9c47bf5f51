// Tabs of one origin for tests in Node: each with its own hold on the shared locks, its channels and the
// workers it starts, all of which end with close(), as in a browser. What the workers load is a FakeEngine.

import type { Progress } from '@quern/spec';
import type { StartedWorker } from '../client/start-worker.ts';
import type { Locks } from '../wire/life-lock.ts';
import type { LoadModel } from '../worker/engine-slot.ts';
import { createHost } from '../worker/host.ts';
import { FakeEngine, type FakeScript } from './fake-engine.ts';
import { FakeLocks } from './fake-locks.ts';
import { noCache, noPlan } from './no-cache.ts';

export const PROGRESS: Progress = {
  phase: 'weights',
  loaded: 5,
  total: 10,
  file: '',
  fileLoaded: 5,
  fileTotal: 10,
  from: 'cache',
  bytesPerSecond: 1,
};

/** What the tabs of an origin have in common. */
export class FakeOrigin {
  readonly locks = new FakeLocks();
  /** Every engine that any tab's worker has loaded. */
  readonly engines: FakeEngine[] = [];
  readonly tabs: FakeTab[] = [];
  script: FakeScript = {};
  load: LoadModel = async ({ model }, { onProgress }) => {
    onProgress({ ...PROGRESS, file: String(model) });
    const engine = new FakeEngine(this.script);
    this.engines.push(engine);
    return engine;
  };

  openTab(): FakeTab {
    const tab = new FakeTab(this);
    this.tabs.push(tab);
    return tab;
  }

  close(): void {
    for (const tab of this.tabs) tab.close();
  }
}

export class FakeTab {
  /** Workers that this tab has started and not stopped. */
  workers = 0;
  readonly origin: FakeOrigin;
  readonly #ended = new AbortController();
  readonly #held = new Set<string>();
  #awake: Promise<void> = Promise.resolve();
  readonly #channels = new Set<BroadcastChannel>();

  constructor(origin: FakeOrigin) {
    this.origin = origin;
  }

  /** The tab's own door to the locks: what it holds and waits for goes with it. */
  readonly locks = {
    request: (name: string, first: unknown, second?: unknown): Promise<unknown> => {
      const granted = (second ?? first) as (lock: null) => unknown;
      const { signal, steal } = second ? (first as LockOptions) : {};
      if (this.#ended.signal.aborted) return new Promise(() => undefined);
      const either = signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
      const held = async () => {
        this.#held.add(name);
        try {
          return await granted(null);
        } finally {
          this.#held.delete(name);
        }
      };
      return this.origin.locks.locks.request(name, steal ? { steal } : { signal: either }, held);
    },
  } as unknown as Locks;

  readonly channel = (name: string): BroadcastChannel => {
    const channel = new BroadcastChannel(name);
    this.#channels.add(channel);
    const listen = channel.addEventListener.bind(channel) as EventTarget['addEventListener'];
    // Nobody here takes a listener away from a channel that goes on.
    channel.addEventListener = ((type: string, listener: (event: Event) => void, options?: object) =>
      listen(type, (event) => void this.#awake.then(() => listener(event)), options)) as typeof listen;
    if (this.#ended.signal.aborted) silence(channel);
    return channel;
  };

  readonly start = (): StartedWorker => {
    this.workers += 1;
    // A worker's locks are its own: they go when it is stopped, though the tab lives.
    const own = new FakeTab(this.origin);
    const { port1, port2 } = new MessageChannel();
    const load: LoadModel = (request, hooks) => this.origin.load(request, hooks);
    const parts = { load, plan: noPlan, keeper: noCache, hasGpu: async () => true };
    createHost({ ...parts, locks: own.locks }).listen(port1);
    port1.start();
    const terminate = () => {
      this.workers -= 1;
      own.close();
      port1.close();
    };
    this.#ended.signal.addEventListener('abort', terminate, { once: true });
    return { worker: port2 as unknown as Worker, terminate };
  };

  /** What its page is told waits until it wakes up; its locks are still held. */
  suspend(): () => void {
    let wake!: () => void;
    this.#awake = new Promise((resolve) => (wake = resolve));
    return wake;
  }

  /** Without a word to anybody. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    for (const channel of this.#channels) silence(channel);
    this.#ended.abort();
    const { locks } = this.origin;
    for (const name of this.#held) if (locks.held.includes(name)) locks.kill(name); // some a test has killed
  }
}

/** What runs on in a closed tab, here and in no browser, must not be heard. */
function silence(channel: BroadcastChannel): void {
  channel.postMessage = () => undefined;
  channel.close();
}
