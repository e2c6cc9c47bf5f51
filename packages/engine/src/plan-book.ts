// The plans of a loaded model, recorded when first needed and kept: prefill chunks and decode steps, by
// number of rows, length of the context (in powers of two) and what is to become of the logits.

import { type Dispatch, type Gpu, type Plan, Recorder, ScratchPool, type Tensor } from '@quern/gpu';
import { lastRow, tokenLogprob } from '@quern/kernels';
import { type ForwardContext, type Model, recordAdapters } from '@quern/models';
import { type ChosenAdapters, NO_ADAPTERS } from './adapters.ts';
import { recordSampling, type SamplerState, type SamplingStages, stagesKey } from './sampling/stages.ts';
import type { StepTensors } from './step-tensors.ts';

/** Contexts below it share a plan. */
const SMALLEST_BUCKET = 256;

export interface PlanBookOptions {
  gpu: Gpu;
  model: Model;
  variants: Readonly<Record<string, string>>;
  layers: ForwardContext['layers'];
  steps: StepTensors;
  sampler: SamplerState;
  contextLength: number;
  /** Tapped tensors keep memory of their own, for tests that read them. */
  keepTaps: boolean;
}

/** What a prefill chunk leaves behind besides keys and values. */
export type ChunkEnd =
  { kind: 'nothing' } | { kind: 'sample'; stages: SamplingStages } | { kind: 'logprobs' };

export class PlanBook {
  readonly #options: PlanBookOptions;
  readonly #plans = new Map<string, Promise<Plan>>();
  #variants: Readonly<Record<string, string>>;
  /** Not for plans that keep what was tapped. */
  readonly #pool: ScratchPool | undefined;
  #adapters = NO_ADAPTERS;

  constructor(options: PlanBookOptions) {
    this.#options = options;
    this.#variants = options.variants;
    this.#pool = options.keepTaps ? undefined : new ScratchPool();
  }

  /** Other variants than it began with: plans of those go, so nobody may hold one yet. */
  choose(variants: Readonly<Record<string, string>>): void {
    if (Object.entries(variants).every(([axis, value]) => this.#variants[axis] === value)) return;
    this.#variants = variants;
    const going = [...this.#plans.values()];
    this.#plans.clear();
    for (const plan of going) {
      plan.then(
        (made) => made.destroy(),
        () => undefined, // whoever asked for it was told
      );
    }
  }

  /** Bytes of the scratch memory that all plans share. */
  get scratchBytes(): number {
    return this.#pool?.byteLength ?? 0;
  }

  /** Adapters of the plans that are asked for from here on: one request steps at a time. */
  use(adapters: ChosenAdapters): void {
    this.#adapters = adapters;
  }

  /** Frees the plans with the adapter of that key, which is about to go. */
  async forget(key: string): Promise<void> {
    const going = [...this.#plans].filter(([name]) => name.includes(key));
    for (const [name, plan] of going) {
      this.#plans.delete(name);
      const finished = await plan.catch(() => undefined); // whoever asked for it was told
      finished?.destroy();
    }
  }

  /** A chunk of at most `rows` tokens of one sequence, ending at or before position `keys`. */
  prefill(rows: number, keys: number, end: ChunkEnd): Promise<Plan> {
    const bucket = this.#bucket(keys);
    const key = `prefill ${rows} rows, ${bucket} keys, ${end.kind === 'sample' ? stagesKey(end.stages) : end.kind}`;
    return this.#plan(key, (rec) => {
      const { model, steps, sampler } = this.#options;
      const hidden = this.#forward(rec, steps.prefill, rows, bucket, true);
      if (end.kind === 'sample') {
        const last = rec.scratch('last', [1, hidden.shape[1]!]);
        lastRow(rec, { x: hidden, step: steps.prefill, y: last });
        recordSampling(rec, model.head(rec, last, steps.decode), steps.decode, sampler, end.stages);
      } else if (end.kind === 'logprobs') {
        const logits = model.head(rec, hidden, steps.prefill);
        rec.tap('logits', logits);
        const { targets, logprobs } = steps.loss(rows);
        tokenLogprob(rec, { logits, targets, logprobs, norms: rec.scratch('norms', [rows, 2]) });
      }
    });
  }

  /** One token of each of `rows` sequences, at positions below `keys`. */
  decode(rows: number, keys: number, stages: SamplingStages): Promise<Plan> {
    const bucket = this.#bucket(keys);
    return this.#plan(`decode ${rows} rows, ${bucket} keys, ${stagesKey(stages)}`, (rec) => {
      const { model, steps, sampler } = this.#options;
      const hidden = this.#forward(rec, steps.decode, rows, bucket, false);
      recordSampling(rec, model.head(rec, hidden, steps.decode), steps.decode, sampler, stages);
    });
  }

  /**
   * Begins the plan that follows in a growing context, once the present one is three quarters through, so that it is there
   * when it is needed: recording one takes longer than a step.
   */
  decodeAhead(rows: number, keys: number, stages: SamplingStages): void {
    const bucket = this.#bucket(keys);
    if (keys < bucket * 0.75 || this.#bucket(bucket + 1) === bucket) return;
    void this.decode(rows, bucket + 1, stages).catch(() => undefined); // who needs it is told
  }

  /**
   * The dispatches of a prefill chunk or a decode step that ends at position `keys`, for their bytes and flops: with exactly
   * so many keys, where a plan has room for more. Compiles nothing.
   */
  outline(phase: 'prefill' | 'decode', rows: number, keys: number): readonly Dispatch[] {
    const { gpu, steps, model } = this.#options;
    const rec = new Recorder(gpu, { variants: this.#variants });
    const hidden = this.#forward(rec, steps[phase], rows, keys, phase === 'prefill');
    if (phase === 'decode') model.head(rec, hidden, steps.decode);
    return rec.dispatches;
  }

  #forward(rec: Recorder, step: Tensor, rows: number, keys: number, oneSequence: boolean): Tensor {
    const { model, layers } = this.#options;
    return model.forward(rec, model.embed(rec, step, rows), {
      step,
      layers,
      oneSequence,
      keys,
    });
  }

  #bucket(keys: number): number {
    let bucket = SMALLEST_BUCKET;
    while (bucket < keys) bucket *= 2;
    return Math.min(bucket, Math.ceil(this.#options.contextLength / 32) * 32);
  }

  #plan(what: string, record: (rec: Recorder) => void): Promise<Plan> {
    const { adapters, key: chosen } = this.#adapters;
    const key = chosen === '' ? what : `${what}, adapters ${chosen}`;
    let plan = this.#plans.get(key);
    if (!plan) {
      const { gpu, keepTaps } = this.#options;
      const rec = new Recorder(gpu, { variants: this.#variants, keepTaps, pool: this.#pool });
      recordAdapters(rec, adapters);
      record(rec);
      plan = rec.finish(key);
      // A plan that failed is tried again by the next who needs it.
      const made = plan;
      made.catch(() => this.#plans.get(key) === made && this.#plans.delete(key));
      this.#plans.set(key, plan);
    }
    return plan;
  }
}
