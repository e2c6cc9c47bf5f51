// One download of a file at a time, over all tabs and workers of an origin: whoever holds the file's Web Lock
// fetches it, others read what that one stores and take its place when it goes (the browser frees the lock of a tab
// that dies). Where there are no locks (Node 20, insecure pages) everybody fetches for himself.

/** The part of LockManager that is used. */
export type Locks = Pick<LockManager, 'request'>;

export class DownloadTurn {
  readonly #leaving = new AbortController();
  #release: (() => void) | undefined;

  /** Ours at once if nobody has it, else in line. Throws where locks are refused. */
  static async begin(locks: Locks, key: string): Promise<DownloadTurn> {
    const name = `quern-download ${key}`;
    const turn = new DownloadTurn();
    turn.#release = await hold(locks, name, { ifAvailable: true });
    if (!turn.#release) void turn.#wait(locks, name);
    return turn;
  }

  /** Still in line. */
  get waits(): boolean {
    return this.#release === undefined && !this.#leaving.signal.aborted;
  }

  async #wait(locks: Locks, name: string): Promise<void> {
    const { signal } = this.#leaving;
    this.#release = await hold(locks, name, { signal }).catch(() => undefined);
    if (signal.aborted) this.#release?.();
  }

  /** Lets the next one have it, or leaves the line. */
  end(): void {
    this.#leaving.abort();
    this.#release?.();
  }
}

/** What releases the lock, or undefined where it is not available. */
function hold(locks: Locks, name: string, options: LockOptions): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const request = locks.request(name, options, async (lock) => {
      if (lock) await new Promise<void>((release) => resolve(release));
      else resolve(undefined);
    });
    request.catch(reject);
  });
}
