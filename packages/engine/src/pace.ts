// How much of a prefill is handed to the GPU at once. A browser draws nothing while a dispatch runs, systems end what
// holds a GPU for seconds, and a request that is cancelled ends with what was submitted: so a dispatch is to stay
// below 100 ms, a submit below 300. What that is in arithmetic, the submits themselves tell: each is timed.

import { type Gpu, type Plan, promptly } from '@quern/gpu';
import { throwIfAborted } from '@quern/spec';
import { SMALLEST_CHUNK } from './memory-plan.ts';

/** Milliseconds that a submit is planned for, and a dispatch: kernels differ by a factor of two in arithmetic a second. */
const SUBMIT_MS = 150;
const DISPATCH_MS = 50;
/** Submits handed to the GPU before the first of them is waited for: one runs, one is ready. */
const IN_FLIGHT = 2;
/** Shorter ones tell more of the way to the GPU and back than of the GPU. */
const TELLING_MS = 10;

export class Pace {
  readonly #gpu: Gpu;
  /** Arithmetic a millisecond; a guess that suits slow adapters of its kind until the first submit is done. */
  #flopsPerMs: number;
  #measured = false;
  #lastDone = 0;
  #inFlight: Array<Promise<void>> = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#flopsPerMs = gpu.caps.software ? 3e6 : 1e8;
  }

  get flopsPerSubmit(): number {
    return this.#flopsPerMs * SUBMIT_MS;
  }

  /** Whether no dispatch of the plan will hold the GPU for long. */
  suits(plan: Pick<Plan, 'largestFlops'>): boolean {
    return plan.largestFlops <= this.#flopsPerMs * DISPATCH_MS;
  }

  /** Resolves when something may be submitted. Throws 'aborted', and what has become of the GPU. */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#inFlight.length >= IN_FLIGHT) await this.#inFlight.shift();
    throwIfAborted(signal);
  }

  /** Something was submitted now, with so much arithmetic. */
  submitted(flops: number): void {
    const done = this.#time(flops, performance.now());
    done.catch(() => undefined); // whoever waits for it, or for what it computes, is told
    this.#inFlight.push(done);
  }

  async #time(flops: number, start: number): Promise<void> {
    await promptly(this.#gpu, this.#gpu.device.queue.onSubmittedWorkDone());
    const now = performance.now();
    // It began when that before it was done.
    this.learn(flops, now - Math.max(start, this.#lastDone));
    this.#lastDone = now;
  }

  /** So much arithmetic took so long. */
  learn(flops: number, ms: number): void {
    const found = flops / Math.max(ms, 0.1);
    // A short submit is no slower than it seems.
    if (ms < TELLING_MS && found < this.#flopsPerMs) return;
    this.#flopsPerMs = this.#measured ? (this.#flopsPerMs + found) / 2 : found;
    this.#measured = true;
  }
}

/** Rows of a plan for so many tokens: a power of two, up to `most`. */
export function planRows(tokens: number, most: number): number {
  let rows = SMALLEST_CHUNK;
  while (rows < tokens) rows *= 2;
  return Math.min(rows, most);
}

/**
 * The plan for the next of `tokens`: that of the most rows whose dispatches are short enough. `record` makes those of
 * a number of rows, a power of two or `most`.
 */
export async function largestPlan<P extends Pick<Plan, 'largestFlops'>>(
  pace: Pick<Pace, 'suits'>,
  tokens: number,
  most: number,
  record: (rows: number) => Promise<P>,
): Promise<{ rows: number; plan: P }> {
  for (let rows = planRows(tokens, most); ; rows /= 2) {
    const plan = await record(rows);
    if (rows <= SMALLEST_CHUNK || pace.suits(plan)) return { rows, plan };
  }
}
