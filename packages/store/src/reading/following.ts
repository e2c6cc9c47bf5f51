// Reading a file that another tab is downloading: what it has stored is looked at now and then, until it is our turn
// to download, or until nothing new has come for too long.
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import type { DownloadTurn } from './download-turn.ts';
import { sleep } from '../remote/retry.ts';

export interface FollowingOptions {
  store: ChunkStore;
  file: StoredFile;
  turn: DownloadTurn;
  /** How often the store is looked at, in ms. */
  pollMs: number;
  /** With nothing new for so long, we fetch for ourselves. */
  patienceMs: number;
  /** What is stored by now. */
  onStored: (indices: ReadonlySet<number>) => void;
  signal: AbortSignal | undefined;
}

export class Following {
  readonly #options: FollowingOptions;
  readonly #waiting = new Map<number, Array<() => void>>();
  #active = true;
  #polling = false;
  #stored = 0;
  #latestNews = performance.now();

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.#stored = options.file.stored.size;
  }

  /** False once what is missing is to be fetched by ourselves. */
  get active(): boolean {
    return this.#active;
  }

  /** Resolves when the chunk is stored, or when the following has ended. */
  arrival(index: number): Promise<void> {
    if (!this.#active) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(index, [...(this.#waiting.get(index) ?? []), resolve]);
      if (!this.#polling) void this.#poll();
    });
  }

  /** Resolves when it is our turn or patience is at its end. */
  async end(): Promise<void> {
    while (this.#active) await this.arrival(-1);
  }

  stop(): void {
    this.#active = false;
    this.#tell(new Set());
  }

  async #poll(): Promise<void> {
    const { turn, pollMs, patienceMs, store, file, onStored, signal } = this.#options;
    this.#polling = true;
    if (performance.now() - this.#latestNews < pollMs) this.#latestNews = performance.now();
    while (this.#active && this.#waiting.size > 0) {
      await sleep(pollMs, signal).catch(() => this.stop());
      const mine = !turn.waits;
      const now = await store.find(file.key).catch(() => undefined);
      if (!this.#active) break;
      const same = now?.id === file.id;
      if (same && now.stored.size > this.#stored) {
        this.#stored = now.stored.size;
        this.#latestNews = performance.now();
      }
      if (same) onStored(now.stored);
      const patient = performance.now() - this.#latestNews < patienceMs;
      this.#active = same && !mine && patient;
      this.#tell(same ? now.stored : new Set());
    }
    this.#polling = false;
  }

  #tell(stored: ReadonlySet<number>): void {
    for (const [index, resolves] of this.#waiting) {
      if (this.#active && !stored.has(index)) continue;
      this.#waiting.delete(index);
      for (const resolve of resolves) resolve();
    }
  }
}
