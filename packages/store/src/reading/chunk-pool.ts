// The chunks held in memory while a model is read, over all of its files. A chunk takes its bytes of the budget
// before it is asked for, and gives them back when both its readers and its store are done with it. Which chunk
// comes next, which goes: what a reader waits for comes first and may push out what was read ahead, the furthest
// first; read-ahead pushes out only what was read. So whatever is held, the chunk that a reader waits for comes.
// Readers go forward: what they have passed goes at once, though there were room, as it is memory of a page.
import { QuernError } from '@quern/spec';
import { ByteBudget } from './byte-budget.ts';
import { SoonerCollected } from './sooner-collected.ts';
import { RequestPace } from '../remote/request-pace.ts';

/** Chunks read from a store at once. */
const CACHE_READS = 4;
/** The chunks used last, which stay: one is being read, one was before it. */
const KEPT_BEHIND = 2;

type Bytes = Uint8Array<ArrayBuffer>;

export interface LoadedChunk {
  bytes: Bytes;
  /** Settles when the store is done with the bytes. */
  stored?: Promise<unknown> | undefined;
}

/** How a chunk comes. */
export interface ChunkJob {
  readonly byteLength: number;
  fromNetwork(): boolean;
  load(): Promise<LoadedChunk>;
}

interface Entry {
  readonly owner: object;
  readonly index: number;
  readonly job: ChunkJob;
  readonly promise: Promise<Bytes>;
  resolve(bytes: Bytes): void;
  reject(error: unknown): void;
  state: 'waiting' | 'loading' | 'held';
  /** A reader waits, or has waited, for it; or it was read ahead in vain. */
  wanted: boolean;
  /** Set while loading or held. */
  holders: number;
  giveBack: () => void;
  /** When it was asked for last. */
  used: number;
}

export class ChunkPool {
  readonly budget: ByteBudget;
  readonly pace: RequestPace;
  readonly #entries = new Set<Entry>();
  readonly #loading = { network: 0, cache: 0 };
  readonly #collected = new SoonerCollected();
  #clock = 0;
  #pumping = false;
  #latest: Entry | undefined;

  constructor(budget = new ByteBudget(), pace = new RequestPace()) {
    this.budget = budget;
    this.pace = pace;
  }

  /**
   * The chunk if it is held or under way, else what `job` gives. A failure is forgotten at once. `wanted`: a reader
   * waits for it; without, it comes when there is room, and nobody may wait for it.
   */
  get(owner: object, index: number, wanted: boolean, job: () => ChunkJob): Promise<Bytes> {
    const entry = this.#find(owner, index) ?? this.#add(owner, index, job());
    if (wanted) {
      entry.wanted = true;
      entry.used = ++this.#clock;
      this.#latest = entry;
      this.#forgetPassed();
    }
    this.#pump();
    return entry.promise;
  }

  /** A chunk that is held: its bytes, and what to call when they are no longer looked at. */
  hold(owner: object, index: number): { bytes: Promise<Bytes>; done: () => void } | undefined {
    const entry = this.#find(owner, index);
    if (entry?.state !== 'held') return undefined;
    entry.holders += 1;
    let held = true;
    const done = (): void => {
      if (held) this.#letGo(entry);
      held = false;
    };
    return { bytes: entry.promise, done };
  }

  /** A reader went elsewhere: what was read ahead outside of [from, to] is not needed before anything else. */
  stray(owner: object, from: number, to: number): void {
    for (const entry of this.#entries) {
      if (entry.owner !== owner || entry.wanted || (entry.index >= from && entry.index <= to)) continue;
      if (entry.state !== 'waiting') entry.wanted = true;
      else {
        this.#remove(entry);
        entry.reject(new QuernError('aborted', 'it is not read ahead any more'));
      }
    }
  }

  /** Forgets the chunks of one file. */
  drop(owner: object): void {
    for (const entry of this.#entries) {
      if (entry.owner !== owner) continue;
      this.#remove(entry);
      if (entry.state === 'held') this.#letGo(entry);
      if (entry.state === 'waiting') entry.reject(new QuernError('aborted', 'the file was closed'));
    }
    this.#pump();
  }

  #find(owner: object, index: number): Entry | undefined {
    for (const entry of this.#entries) if (entry.owner === owner && entry.index === index) return entry;
    return undefined;
  }

  #add(owner: object, index: number, job: ChunkJob): Entry {
    let resolve!: Entry['resolve'];
    let reject!: Entry['reject'];
    const promise = new Promise<Bytes>((done, failed) => {
      resolve = done;
      reject = failed;
    });
    // What nobody waits for may fail unseen: whoever wants it tries again.
    promise.catch(() => undefined);
    const common = {
      state: 'waiting' as const,
      wanted: false,
      holders: 0,
      used: 0,
      giveBack: () => undefined,
    };
    const entry: Entry = { owner, index, job, promise, resolve, reject, ...common };
    if (this.#entries.size === 0) this.budget.join(this);
    this.#entries.add(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry);
    if (this.#entries.size === 0) this.budget.leave(this);
  }

  onRoom(): void {
    this.#pump();
  }

  spare(bytes: number): void {
    let spared = 0;
    for (const entry of this.#evictable()) {
      if (spared >= bytes) return;
      spared += entry.job.byteLength;
      this.#evict(entry);
    }
  }

  #forgetPassed(): void {
    const read = this.#evictable().filter(({ used }) => used > 0);
    for (const entry of read.slice(0, -KEPT_BEHIND)) this.#evict(entry);
  }

  /** Starts what may start: what is wanted first, else in the order of asking. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (;;) {
      const next = this.#next();
      const giveBack = next && this.#roomFor(next);
      if (!next || !giveBack) break;
      void this.#load(next, giveBack);
    }
    this.#pumping = false;
  }

  #next(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.state !== 'waiting' || (best && (best.wanted || !entry.wanted))) continue;
      if (entry.job.fromNetwork()) {
        if (this.#loading.network < this.pace.limit) best = entry;
      } else if (this.#loading.cache < CACHE_READS) best = entry;
    }
    return best;
  }

  #roomFor(entry: Entry): (() => void) | undefined {
    const { byteLength } = entry.job;
    let giveBack = this.budget.tryFill(byteLength, entry.wanted);
    if (giveBack) return giveBack;
    const evictable = this.#evictable();
    const latest = evictable.filter(({ used }) => used > 0).slice(-KEPT_BEHIND);
    for (const other of evictable) {
      if (!entry.wanted && (!other.wanted || latest.includes(other))) continue;
      this.#evict(other);
      giveBack = this.budget.tryFill(byteLength, entry.wanted);
      if (giveBack) return giveBack;
    }
    return undefined;
  }

  /** What would give its bytes back at once: first what was read, longest ago first, then what is furthest ahead. */
  #evictable(): Entry[] {
    const { owner, index } = this.#latest ?? { owner: this, index: 0 };
    const distance = (entry: Entry): number =>
      entry.owner === owner ? Math.abs(entry.index - index) : 2 ** 32 + entry.index;
    const rank = (a: Entry, b: Entry): number => {
      if (a.wanted !== b.wanted) return a.wanted ? -1 : 1;
      if (a.wanted) return a.used - b.used;
      return distance(b) - distance(a);
    };
    return [...this.#entries].filter((entry) => entry.state === 'held' && entry.holders === 1).sort(rank);
  }

  #evict(entry: Entry): void {
    this.#remove(entry);
    this.#letGo(entry);
  }

  async #load(entry: Entry, giveBack: () => void): Promise<void> {
    const lane = entry.job.fromNetwork() ? 'network' : 'cache';
    this.#loading[lane] += 1;
    entry.state = 'loading';
    entry.holders = 1;
    entry.giveBack = giveBack;
    const full = this.#loading.network >= this.pace.limit;
    try {
      const { bytes, stored } = await entry.job.load();
      this.#collected.add(bytes.length);
      this.#loading[lane] -= 1;
      if (lane === 'network') this.pace.arrived(bytes.length, full);
      entry.state = 'held';
      if (stored) {
        entry.holders += 1;
        void stored.catch(() => undefined).then(() => this.#letGo(entry));
      }
      entry.resolve(bytes);
      // Closed meanwhile.
      if (!this.#entries.has(entry)) this.#letGo(entry);
      else this.budget.offer();
    } catch (error) {
      this.#loading[lane] -= 1;
      this.#remove(entry);
      entry.reject(error);
      this.#letGo(entry);
    }
    this.#pump();
  }

  #letGo(entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders === 0) entry.giveBack();
    // It may be pushed out from now on.
    else if (entry.holders === 1) this.budget.offer();
  }
}
