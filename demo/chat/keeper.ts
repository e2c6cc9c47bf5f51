// Keeps the turn that is being written: once a second while it grows, so that a closed tab loses no more. A store that
// fails never stops the chat: `onFailure` hears of it once, and the chat goes on without being kept.
import type { Answer } from './conversation.ts';
import { History, newTurnId, type HistoryChange, type TurnRecord } from './history.ts';

const INTERVAL_MS = 1000;
/** Some private windows answer neither yes nor no. */
const PATIENCE_MS = 3000;

/** Never rejects. `onFailure` hears why nothing is kept, or no longer. */
export async function openKeeper(onFailure: (why: string) => void): Promise<Keeper> {
  const fail = (error: unknown) => onFailure(error instanceof Error ? error.message : String(error));
  try {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('IndexedDB does not answer')), PATIENCE_MS);
    });
    return new Keeper(await Promise.race([History.open(), late]), fail);
  } catch (error) {
    fail(error);
    return new Keeper(undefined, fail);
  }
}

export class Keeper {
  readonly #onFailure: (error: unknown) => void;
  #history: History | undefined;
  #turn: TurnRecord | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One write at a time, in order. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor(history: History | undefined, onFailure: (error: unknown) => void) {
    this.#history = history;
    this.#onFailure = onFailure;
  }

  /** Hears of what other tabs do. */
  onChange(listener: (change: HistoryChange) => void): void {
    this.#history?.onChange(listener);
  }

  /** The turns of a conversation, in order; none where it is not there. */
  async turns(chat: string): Promise<TurnRecord[]> {
    return (await this.run((history) => history.turns(chat))) ?? [];
  }

  async begin(chat: string, model: string, asked: string): Promise<void> {
    const now = Date.now();
    const turn: TurnRecord = { chat, id: newTurnId(now), asked, said: '', end: 'open', model, changed: now };
    this.#turn = turn;
    await this.run((history) => history.begin({ ...turn }));
  }

  grow(piece: string): void {
    if (!this.#turn) return;
    this.#turn.said += piece;
    this.#timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
  }

  /** Writes what has not been written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const turn = this.#turn && { ...this.#turn };
    if (turn) await this.run((history) => history.write(turn));
  }

  async end({ text, end, ...meter }: Answer): Promise<void> {
    if (text === '') return this.forget();
    if (this.#turn) Object.assign(this.#turn, { said: text, end, meter });
    const written = this.flush();
    this.#turn = undefined;
    await written;
  }

  /** The turn came to nothing. */
  async forget(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn) await this.run((history) => history.forget(turn));
  }

  /** Runs a call of the store after those before it; undefined where nothing is kept, or it failed. */
  run<T>(work: (history: History) => Promise<T>): Promise<T | undefined> {
    const result = this.#writes.then(async () => {
      try {
        return this.#history && (await work(this.#history));
      } catch (error) {
        this.#fail(error);
        return undefined;
      }
    });
    this.#writes = result;
    return result;
  }

  #fail(error: unknown): void {
    if (!this.#history) return;
    this.#history = undefined;
    this.#onFailure(error);
  }
}
