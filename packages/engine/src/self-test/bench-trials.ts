// Runs trials on the adapter: whether a variant computes right, and how two variants compare.

import { type Gpu, median, type Plan } from '@quern/gpu';
import type { Work } from '@quern/kernels';
import { throwIfAborted } from '@quern/spec';
import type { Chosen, Comparison, Refusal, TrialBench } from './choose.ts';
import type { Tools } from './tools.ts';
import type { Trial } from './trial.ts';

/** Far above the rounding of any driver's f32, or of activations to bytes, far below any mistake. */
const MOST_NMSE = { exact: 1e-6, fast: 5e-4 };
/** A quiet NaN with a pattern that no kernel writes. */
const POISON = 0x7fc0dead;
/** A sample takes at least so long, or the clock and the way to the GPU would count. */
const SAMPLE_MS = 4;
const SAMPLES = 5;
/** Runs of a sample at most. */
const MOST_TIMES = 2048;
/** So much slower in its first sample, and a variant is timed no more; so much in one work, and it is tried in no other. */
const HOPELESS = 3;

interface Attempt {
  /** Undefined where it is wrong, or was not there in time. */
  readonly plan: Plan | undefined;
  readonly wrong: string | undefined;
}

export interface BenchOptions {
  gpu: Gpu;
  tools: Tools;
  trials: readonly Trial[];
  /** When it fires, no more is tried. */
  enough: AbortSignal;
  signal?: AbortSignal | undefined;
}

export class GpuTrialBench implements TrialBench {
  readonly #options: BenchOptions;
  /** By trial and kernels. */
  readonly #attempts = new Map<string, Promise<Attempt>>();
  readonly #plans: Plan[] = [];

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  get works(): readonly Work[] {
    return [...new Set(this.#options.trials.map(({ work }) => work))];
  }

  get over(): boolean {
    return this.#options.enough.aborted;
  }

  async wrong(variants: Chosen): Promise<string | undefined> {
    const { trials } = this.#options;
    this.#compile(trials, variants);
    for (const trial of trials) {
      const { wrong } = await this.#attempt(trial, variants, true);
      if (wrong !== undefined) return `${trial.name}: ${wrong}`;
    }
    return undefined;
  }

  async compare(
    usual: Chosen,
    other: Chosen,
    works: readonly Work[],
  ): Promise<Comparison | Refusal | undefined> {
    const medians = { usual: 0, other: 0 };
    const least = { usual: 0, other: 0 };
    let share: number | undefined;
    for (const work of works) {
      const trials = this.#options.trials.filter((trial) => trial.work === work);
      this.#compile(trials, other);
      for (const trial of trials) {
        const a = await this.#attempt(trial, usual, true);
        const b = await this.#attempt(trial, other, false);
        if (b.wrong !== undefined) return { wrong: `${trial.name}: ${b.wrong}` };
        // What was not there in time may be wrong.
        if (!a.plan || !b.plan) return undefined;
        if (a.plan === b.plan) continue;
        const samples = await this.#inTurns(a.plan, b.plan);
        for (const which of ['usual', 'other'] as const) {
          medians[which] += median(samples[which]) * trial.perToken;
          least[which] += Math.min(...samples[which]) * trial.perToken;
        }
        // Whatever else the machine does lengthens a sample, and shortens none.
        share = Math.max(medians.other / medians.usual, least.other / least.usual);
      }
      // Not even compiled: where compilers run on the CPU, a kernel may take 80 MB there for a moment.
      if (share !== undefined && share > HOPELESS) break;
    }
    return share === undefined ? undefined : { ...medians, share };
  }

  destroy(): void {
    for (const plan of this.#plans) plan.destroy();
  }

  /** Starts all at once; whoever needs one waits for it, and hears of its failure. */
  #compile(trials: readonly Trial[], variants: Chosen): void {
    const { gpu, tools } = this.#options;
    for (const trial of trials) {
      const rec = new tools.Recorder(gpu, { variants });
      trial.record(rec);
      for (const { kernel } of rec.dispatches) gpu.pipelines.get(kernel).catch(() => undefined);
    }
  }

  #attempt(trial: Trial, variants: Chosen, patient: boolean): Promise<Attempt> {
    const { gpu, tools } = this.#options;
    const rec = new tools.Recorder(gpu, { variants });
    trial.record(rec);
    const kernels = rec.dispatches.map(({ kernel, workgroups }) => `${kernel.key} ${workgroups.join('x')}`);
    const key = [trial.name, ...kernels].join('\n');
    let attempt = this.#attempts.get(key);
    if (!attempt) {
      attempt = this.#try(trial, rec, patient);
      this.#attempts.set(key, attempt);
    }
    return attempt;
  }

  async #try(trial: Trial, rec: InstanceType<Tools['Recorder']>, patient: boolean): Promise<Attempt> {
    const { gpu, tools, signal } = this.#options;
    throwIfAborted(signal);
    const compiling = Promise.all(rec.dispatches.map(({ kernel }) => gpu.pipelines.get(kernel)));
    try {
      if (!(await this.#within(compiling, patient))) return { plan: undefined, wrong: undefined };
    } catch (error) {
      gpu.check();
      return { plan: undefined, wrong: error instanceof Error ? error.message : String(error) };
    }
    throwIfAborted(signal);
    const { buffer } = trial.y.place;
    const words = new Uint32Array(Math.ceil(trial.y.byteLength / 16) * 4).fill(POISON);
    gpu.device.pushErrorScope('validation');
    gpu.device.queue.writeBuffer(buffer, 0, words);
    const plan = await rec.finish(`self-test ${trial.name}`); // all is compiled: this waits for nothing
    this.#plans.push(plan);
    this.#submit(plan, 1);
    const invalid = await gpu.device.popErrorScope();
    if (invalid) return { plan: undefined, wrong: invalid.message };
    const bytes = await tools.readBuffer(gpu, buffer, 0, trial.y.byteLength);
    const wrong = verdict(trial, bytes, MOST_NMSE[tools.numericsOf(rec.variants)]);
    return { plan: wrong === undefined ? plan : undefined, wrong };
  }

  /** False where the time is over first; what is left goes on, and nobody waits for it. */
  async #within(work: Promise<unknown>, patient: boolean): Promise<boolean> {
    const { enough } = this.#options;
    const done = work.then(() => true);
    if (patient) return done;
    done.catch(() => undefined);
    if (enough.aborted) return false;
    let stop = (): void => undefined;
    const late = new Promise<boolean>((resolve) => {
      stop = () => resolve(false);
      enough.addEventListener('abort', stop);
    });
    try {
      return await Promise.race([done, late]);
    } finally {
      enough.removeEventListener('abort', stop);
    }
  }

  /** Milliseconds of a run of each, several times. */
  async #inTurns(usual: Plan, other: Plan): Promise<{ usual: number[]; other: number[] }> {
    const { signal } = this.#options;
    await this.#time(usual, 1); // drivers compile late
    let times = 1;
    let first = await this.#time(usual, times);
    while (first * times < SAMPLE_MS && times < MOST_TIMES) {
      times = Math.min(MOST_TIMES, Math.max(2 * times, Math.ceil(SAMPLE_MS / Math.max(first, 1e-3))));
      first = await this.#time(usual, times);
    }
    const samples = { usual: [first], other: [await this.#time(other, 1)] };
    if (samples.other[0]! > HOPELESS * Math.max(first, SAMPLE_MS)) return samples;
    samples.other.pop(); // as the usual one's first
    for (let i = 0; i < SAMPLES; i++) {
      throwIfAborted(signal);
      samples.other.push(await this.#time(other, times));
      if (samples.other[0]! > HOPELESS * first || (i > 0 && this.over)) break;
      samples.usual.push(await this.#time(usual, times));
    }
    return samples;
  }

  /** Milliseconds of one of `times` runs. */
  async #time(plan: Plan, times: number): Promise<number> {
    const { gpu, tools } = this.#options;
    const start = performance.now();
    this.#submit(plan, times);
    await tools.queueDone(gpu);
    return (performance.now() - start) / times;
  }

  #submit(plan: Plan, times: number): void {
    const { device } = this.#options.gpu;
    const encoder = device.createCommandEncoder({ label: plan.label });
    for (let i = 0; i < times; i++) plan.encode(encoder);
    device.queue.submit([encoder.finish()]);
  }
}

/** What is wrong with a result, undefined for nothing. */
function verdict(trial: Trial, bytes: Uint8Array<ArrayBuffer>, most: number): string | undefined {
  const unwritten = new Uint32Array(bytes.buffer).reduce(
    (count, word) => count + (word === POISON ? 1 : 0),
    0,
  );
  if (unwritten > 0) return `${unwritten} of ${bytes.byteLength / 4} results were not written`;
  const nmse = trial.error(new Float32Array(bytes.buffer));
  return nmse <= most ? undefined : `its results are off by an NMSE of ${nmse.toPrecision(2)}`;
}
