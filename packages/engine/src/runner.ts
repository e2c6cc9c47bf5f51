// Steps one sequence through a loaded model: prefill in chunks, decode with the sampled id staying on the GPU
// and read back late. Knows token ids; knows nothing of text, stop strings or requests.

import { type Gpu, type Plan, promptly, readBuffer, ReadbackRing } from '@quern/gpu';
import type { Model } from '@quern/models';
import { assert, throwIfAborted } from '@quern/spec';
import { lossRows, SMALLEST_CHUNK } from './memory-plan.ts';
import type { PlanBook } from './plan-book.ts';
import { RECORD_WORDS, type SamplerState, type SamplingStages } from './sampling/stages.ts';
import type { Sequence, SequenceCache } from './sequence-cache.ts';
import type { StepTensors } from './step-tensors.ts';

export interface RunnerOptions {
  gpu: Gpu;
  model: Model;
  plans: PlanBook;
  steps: StepTensors;
  sampler: SamplerState;
  cache: SequenceCache;
  chunkRows: number;
  vocabulary: number;
}

/** Steps encoded beyond the one whose id is being read: hides the way to the GPU and back. */
export const LOOKAHEAD = 2;
/** Chunks handed to the GPU before the first of them is waited for. */
const CHUNKS_IN_FLIGHT = 2;

export class Runner {
  /** Rows of a chunk of `logprobs`. */
  readonly lossRows: number;
  readonly #options: RunnerOptions;
  readonly #ring: ReadbackRing;
  readonly flopsPerSubmit: number;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.lossRows = lossRows(options.gpu.caps, options.vocabulary, options.chunkRows);
    this.#ring = new ReadbackRing(options.gpu, RECORD_WORDS * 4, LOOKAHEAD + 2);
    // A tenth of a second of a software adapter; GPUs take a chunk whole.
    this.flopsPerSubmit = options.gpu.caps.software ? 3e8 : 1e12;
  }

  /** Before a sequence that may grow to `tokens` is opened: models may compute keys of long ones otherwise. */
  prepare(tokens: number): void {
    if (this.#options.model.prepare(tokens)) this.#options.cache.clear();
  }

  /**
   * Computes `tokens` as the sequence's next ones and samples what follows. Resolves, once all is submitted, to
   * a promise of the result record of the first sampled token.
   */
  async prefill(
    sequence: Sequence,
    tokens: readonly number[],
    stages: SamplingStages,
    signal?: AbortSignal,
  ): Promise<{ result: Promise<Uint32Array<ArrayBuffer>> }> {
    const { gpu, plans, steps } = this.#options;
    const start = sequence.ids.length;
    if (tokens.length === 1) {
      // The last token of a prompt that is computed already: a step of decode, whose plan is there.
      const plan = await plans.decode(1, start + 1, stages);
      throwIfAborted(signal);
      this.#reserve(sequence, start, start + 1, true);
      steps.writeDecode(tokens[0]!, start);
      sequence.ids.push(tokens[0]!);
      return this.#step(plan);
    }
    let result: Promise<Uint32Array<ArrayBuffer>> | undefined;
    await this.#chunks(tokens, this.#options.chunkRows, signal, async (chunk, first, rows, last) => {
      const end = start + first + chunk.length;
      const plan = await plans.prefill(rows, end, last ? { kind: 'sample', stages } : { kind: 'nothing' });
      throwIfAborted(signal);
      this.#reserve(sequence, start + first, end, first === 0);
      steps.writeChunk(chunk, start + first);
      if (last) steps.writeDecode(chunk.at(-1)!, end - 1);
      const encoder = plan.submitPieces(this.flopsPerSubmit);
      const read = last ? this.#ring.copy(encoder, this.#options.sampler.result.place!.buffer, 0) : undefined;
      gpu.device.queue.submit([encoder.finish()]);
      result = read && late(read());
      // What is submitted will be computed, whatever becomes of the request; windows have moved on with it.
      sequence.ids.push(...chunk);
    });
    assert(result, 'prefill of no tokens');
    return { result };
  }

  /** Takes `tokens` for computed, though nothing is: their rows in the cache are what they were: for timing. */
  pretend(sequence: Sequence, tokens: readonly number[]): void {
    const { steps, chunkRows } = this.#options;
    // By chunks, as windows hand pages back on the way.
    for (let first = 0; first < tokens.length; first += chunkRows) {
      const chunk = tokens.slice(first, first + chunkRows);
      this.#reserve(sequence, first, first + chunk.length, first === 0);
      sequence.ids.push(...chunk);
    }
    steps.writeDecode(tokens.at(-1)!, tokens.length);
  }

  /** Submits the step that computes the token at `position` and samples the next; resolves to its result record. */
  async decode(
    sequence: Sequence,
    position: number,
    stages: SamplingStages,
  ): Promise<{ result: Promise<Uint32Array<ArrayBuffer>> }> {
    const { plans } = this.#options;
    const plan = await plans.decode(1, position + 1, stages);
    this.#reserve(sequence, position, position + 1, false);
    const step = this.#step(plan);
    // The GPU has work meanwhile.
    plans.decodeAhead(1, position + 1, stages);
    return step;
  }

  #step(plan: Plan): { result: Promise<Uint32Array<ArrayBuffer>> } {
    const { gpu, sampler } = this.#options;
    const encoder = gpu.device.createCommandEncoder({ label: plan.label });
    plan.encode(encoder);
    const read = this.#ring.copy(encoder, sampler.result.place!.buffer, 0);
    gpu.device.queue.submit([encoder.finish()]);
    return { result: late(read()) };
  }

  /** Natural log of the probability of each of `tokens` but the first, given those before it. */
  async logprobs(sequence: Sequence, tokens: readonly number[], signal?: AbortSignal): Promise<number[]> {
    const { gpu, plans, steps } = this.#options;
    this.prepare(tokens.length);
    const logprobs: number[] = [];
    await this.#chunks(tokens, this.lossRows, signal, async (chunk, first, rows) => {
      const plan = await plans.prefill(rows, first + chunk.length, { kind: 'logprobs' });
      throwIfAborted(signal);
      this.#reserve(sequence, first, first + chunk.length, first === 0);
      steps.writeChunk(chunk, first);
      steps.writeTargets(chunk.map((_, i) => tokens[first + i + 1] ?? 0));
      const encoder = plan.submitPieces(this.flopsPerSubmit);
      gpu.device.queue.submit([encoder.finish()]);
      const bytes = await readBuffer(gpu, steps.logprobs.place!.buffer, 0, chunk.length * 4);
      logprobs.push(...new Float32Array(bytes.buffer));
    });
    return logprobs.slice(0, tokens.length - 1);
  }

  /** Rows of the plan for a chunk of so many tokens. */
  rowsFor(tokens: number): number {
    let rows = SMALLEST_CHUNK;
    while (rows < tokens) rows *= 2;
    return Math.min(rows, this.#options.chunkRows);
  }

  async #chunks(
    tokens: readonly number[],
    chunkRows: number,
    signal: AbortSignal | undefined,
    run: (chunk: number[], first: number, rows: number, last: boolean) => Promise<void>,
  ): Promise<void> {
    const { gpu } = this.#options;
    const inFlight: Array<Promise<undefined>> = [];
    for (let first = 0; first < tokens.length; first += chunkRows) {
      throwIfAborted(signal);
      const chunk = tokens.slice(first, first + chunkRows);
      // Losses may take fewer rows than the smallest chunk has.
      const rows = Math.min(this.rowsFor(chunk.length), chunkRows);
      await run(chunk, first, rows, first + chunkRows >= tokens.length);
      inFlight.push(gpu.device.queue.onSubmittedWorkDone());
      if (inFlight.length >= CHUNKS_IN_FLIGHT) await promptly(gpu, inFlight.shift()!);
    }
  }

  /**
   * Pages for the tokens from `start` to `end`; with `all` the whole table is written, as another sequence may have
   * used it. Pages that are handed back may be written anew at once: the queue runs steps in their order.
   */
  #reserve(sequence: Sequence, start: number, end: number, all: boolean): void {
    const { cache, steps } = this.#options;
    const first = cache.reserve(sequence, start, end);
    steps.writePages(sequence, all ? undefined : first);
  }

  destroy(): void {
    this.#ring.destroy();
  }
}

/** A result that is awaited later: when the device goes before that, nobody has left it unhandled. */
function late<T>(result: Promise<T>): Promise<T> {
  result.catch(() => undefined);
  return result;
}
