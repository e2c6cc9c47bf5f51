// Steps one sequence through a loaded model: prefill in chunks, decode with the sampled id staying on the GPU
// and read back late. Knows token ids; knows nothing of text, stop strings or requests.

import { type Gpu, type Plan, readBuffer, ReadbackRing } from '@quern/gpu';
import type { Model } from '@quern/models';
import { assert, throwIfAborted } from '@quern/spec';
import { lossRows } from './memory-plan.ts';
import { largestPlan, type Pace } from './pace.ts';
import type { PlanBook } from './plan-book.ts';
import { RECORD_WORDS, type SamplerState, type SamplingStages } from './sampling/stages.ts';
import type { Sequence, SequenceCache } from './sequence-cache.ts';
import type { StepTensors } from './step-tensors.ts';

export interface RunnerOptions {
  gpu: Gpu;
  model: Model;
  plans: PlanBook;
  pace: Pace;
  steps: StepTensors;
  sampler: SamplerState;
  cache: SequenceCache;
  /** The most rows of a chunk. */
  chunkRows: number;
  vocabulary: number;
}

/** Steps encoded beyond the one whose id is being read: hides the way to the GPU and back. */
export const LOOKAHEAD = 2;
/** A chunk of a prompt: its tokens, the first of which is token `first` of those that are computed. */
interface Chunk {
  readonly tokens: readonly number[];
  readonly first: number;
  readonly plan: Plan;
  readonly last: boolean;
}

export class Runner {
  /** Rows of a chunk of `logprobs`. */
  readonly lossRows: number;
  readonly #options: RunnerOptions;
  readonly #ring: ReadbackRing;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.lossRows = lossRows(options.gpu.caps, options.vocabulary, options.chunkRows);
    this.#ring = new ReadbackRing(options.gpu, RECORD_WORDS * 4, LOOKAHEAD + 2);
  }

  /** Before a sequence that may grow to `tokens` is opened: models may compute keys of long ones otherwise. */
  prepare(tokens: number): void {
    if (this.#options.model.prepare(tokens)) this.#options.cache.clear();
  }

  /**
   * Computes `tokens` as the sequence's next ones and samples what follows. Resolves, once all is submitted, to
   * a promise of the result record of the first sampled token, and the plan that sampled it.
   */
  async prefill(
    sequence: Sequence,
    tokens: readonly number[],
    stages: SamplingStages,
    signal?: AbortSignal,
  ): Promise<{ result: Promise<Uint32Array<ArrayBuffer>>; plan: Plan }> {
    const { plans, steps, chunkRows } = this.#options;
    const start = sequence.ids.length;
    if (tokens.length === 1) {
      // The last token of a prompt that is computed already: a step of decode, whose plan is there.
      const plan = await plans.decode(1, start + 1, stages);
      throwIfAborted(signal);
      this.#reserve(sequence, start, start + 1, true);
      steps.writeDecode(tokens[0]!, start);
      sequence.ids.push(tokens[0]!);
      return { ...this.#step(plan), plan };
    }
    const sample = { kind: 'sample', stages } as const;
    const record = (rows: number, end: number) =>
      plans.prefill(rows, start + end, end === tokens.length ? sample : { kind: 'nothing' });
    let sampled: { result: Promise<Uint32Array<ArrayBuffer>>; plan: Plan } | undefined;
    for await (const { tokens: chunk, first, plan, last } of this.#chunks(
      tokens,
      chunkRows,
      record,
      signal,
    )) {
      const end = start + first + chunk.length;
      this.#reserve(sequence, start + first, end, first === 0);
      steps.writeChunk(chunk, start + first);
      if (last) steps.writeDecode(chunk.at(-1)!, end - 1);
      const read = await this.#submit(plan, last, signal);
      if (read) sampled = { result: late(read()), plan };
      // All of it is submitted and will be computed, whatever becomes of the request.
      sequence.ids.push(...chunk);
    }
    assert(sampled, 'prefill of no tokens');
    return sampled;
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
    const record = (rows: number, end: number) => plans.prefill(rows, end, { kind: 'logprobs' });
    for await (const { tokens: chunk, first, plan } of this.#chunks(tokens, this.lossRows, record, signal)) {
      this.#reserve(sequence, first, first + chunk.length, first === 0);
      steps.writeChunk(chunk, first);
      steps.writeTargets(chunk.map((_, i) => tokens[first + i + 1] ?? 0));
      await this.#submit(plan, false, signal);
      const bytes = await readBuffer(gpu, steps.logprobs.place!.buffer, 0, chunk.length * 4);
      logprobs.push(...new Float32Array(bytes.buffer));
    }
    return logprobs.slice(0, tokens.length - 1);
  }

  /** The tokens in chunks of at most `most` rows. `record`: the plan for so many rows that ends with token `end`. */
  async *#chunks(
    tokens: readonly number[],
    most: number,
    record: (rows: number, end: number) => Promise<Plan>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Chunk, void, undefined> {
    for (let first = 0; first < tokens.length;) {
      throwIfAborted(signal);
      const left = tokens.length - first;
      const { rows, plan } = await largestPlan(this.#options.pace, left, most, (rows) =>
        record(rows, first + Math.min(rows, left)),
      );
      throwIfAborted(signal);
      yield { tokens: tokens.slice(first, first + rows), first, plan, last: rows >= left };
      first += rows;
    }
  }

  /** Submits a plan piece by piece, no faster than the GPU takes them; with `read`, a copy of the result behind it. */
  async #submit(plan: Plan, read: boolean, signal: AbortSignal | undefined) {
    const { gpu, pace, sampler } = this.#options;
    let result: (() => Promise<Uint32Array<ArrayBuffer>>) | undefined;
    for (let start = 0; start < plan.dispatches.length;) {
      await pace.turn(signal);
      // The pace may have changed since the last piece.
      const piece = plan.pieces(pace.flopsPerSubmit, { start, end: plan.dispatches.length })[0]!;
      const encoder = gpu.device.createCommandEncoder({ label: plan.label });
      plan.encode(encoder, piece);
      const last = piece.end === plan.dispatches.length;
      if (read && last) result = this.#ring.copy(encoder, sampler.result.place!.buffer, 0);
      gpu.device.queue.submit([encoder.finish()]);
      pace.submitted(plan.flops(piece));
      start = piece.end;
    }
    return result;
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
