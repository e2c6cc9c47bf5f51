// The chunks held in memory while a model is read, over all of its files: how many at once, how many
// requests at once. 6 chunks here and 2 on their way to the store make 32 MiB.

export const MAX_CHUNKS = 6;
export const MAX_IN_FLIGHT = 4;

type Bytes = Uint8Array<ArrayBuffer>;

interface Entry {
  owner: object;
  index: number;
  promise: Promise<Bytes>;
  settled: boolean;
  used: number;
}

export class ChunkPool {
  readonly #maxChunks: number;
  readonly #maxInFlight: number;
  readonly #entries = new Set<Entry>();
  readonly #waiting: Array<() => void> = [];
  #inFlight = 0;
  #clock = 0;

  constructor(maxChunks = MAX_CHUNKS, maxInFlight = MAX_IN_FLIGHT) {
    this.#maxChunks = maxChunks;
    this.#maxInFlight = maxInFlight;
  }

  /** The chunk if it is held or under way, else what `load` gives. A failure is forgotten at once. */
  get(owner: object, index: number, load: () => Promise<Bytes>): Promise<Bytes> {
    const held = this.#find(owner, index);
    const entry = held ?? this.#add(owner, index, load);
    entry.used = ++this.#clock;
    return entry.promise;
  }

  #add(owner: object, index: number, load: () => Promise<Bytes>): Entry {
    // `load` is awaited, so the entry is there by the time it settles.
    const promise = this.#load(load, () => {
      entry.settled = true;
    });
    const entry: Entry = { owner, index, promise, settled: false, used: 0 };
    this.#entries.add(entry);
    promise.catch(() => this.#entries.delete(entry));
    return entry;
  }

  #find(owner: object, index: number): Entry | undefined {
    for (const entry of this.#entries) if (entry.owner === owner && entry.index === index) return entry;
    return undefined;
  }

  async #load(load: () => Promise<Bytes>, onSettled: () => void): Promise<Bytes> {
    if (this.#inFlight < this.#maxInFlight) this.#inFlight += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      this.#makeRoom();
      const bytes = await load();
      onSettled();
      return bytes;
    } finally {
      // The slot goes to the next in line.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inFlight -= 1;
    }
  }

  #makeRoom(): void {
    const settled = [...this.#entries].filter((entry) => entry.settled).sort((a, b) => a.used - b.used);
    let over = settled.length + this.#inFlight - this.#maxChunks;
    for (const entry of settled) {
      if (over-- <= 0) break;
      this.#entries.delete(entry);
    }
  }

  /** Forgets the chunks of one file. */
  drop(owner: object): void {
    for (const entry of this.#entries) if (entry.owner === owner) this.#entries.delete(entry);
  }
}
