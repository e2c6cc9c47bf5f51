// A prompt that is computed while weights arrive: layer by layer, each as soon as its weights are on the GPU, all
// chunks of the prompt through a layer before the next. What it leaves is a finished sequence, which a request with
// that prompt finds as its prefix.

import { createTensor, type Gpu, type Plan, queueDone, type Tensor } from '@quern/gpu';
import type { Model, WeightRegistry } from '@quern/models';
import { throwIfAborted } from '@quern/spec';
import { largestPlan, type Pace, planRows } from './pace.ts';
import type { PlanBook } from './plan-book.ts';
import type { SequenceCache } from './sequence-cache.ts';
import type { StepTensors } from './step-tensors.ts';

/** Bytes of hidden rows that are kept between layers: what a longer prompt has more is computed after the load. */
const HIDDEN_BYTES = 32 * 2 ** 20;

export interface EarlyPrefillOptions {
  gpu: Gpu;
  /** Values of a hidden row, and how many layers they go through. */
  config: { dim: number; layers: number };
  model: Pick<Model, 'prepare'>;
  weights: Pick<WeightRegistry, 'arrivals'>;
  plans: PlanBook;
  pace: Pace;
  steps: StepTensors;
  cache: SequenceCache;
  chunkRows: number;
  signal: AbortSignal;
}

interface Chunk {
  readonly tokens: readonly number[];
  readonly position: number;
  readonly plan: Plan;
  /** Its hidden rows between two layers; undefined for the only chunk, whose rows stay where they are. */
  readonly hidden: Tensor | undefined;
}

/**
 * Computes all but the last of `ids`, whose logits a request wants. Resolves when the GPU is done with it, to the
 * number of tokens. Throws 'aborted', and what has become of the GPU.
 */
export async function prefillEarly(options: EarlyPrefillOptions, ids: readonly number[]): Promise<number> {
  const { gpu, config, cache, steps, signal, model, chunkRows } = options;
  const chunkBytes = chunkRows * config.dim * 4;
  const most = Math.max(1, Math.floor(HIDDEN_BYTES / chunkBytes)) * chunkRows;
  const tokens = ids.slice(0, Math.min(ids.length - 1, most));
  if (tokens.length === 0) return 0;
  model.prepare(ids.length);
  const chunks = await planChunks(options, tokens);
  const sequence = cache.start();
  try {
    // Pages that a window moves away from are taken again only by later tokens, and tables keep what they were:
    // with all pages reserved in order, one table serves every chunk.
    for (const { tokens: some, position } of chunks) {
      const first = cache.reserve(sequence, position, position + some.length);
      steps.writePages(sequence, position === 0 ? undefined : first);
    }
    for (let part = 0; part <= config.layers; part++) {
      for (const chunk of chunks) {
        const range = rangeOf(chunk.plan, part, config.layers);
        const needed = chunk.plan.dispatches.slice(range.start, range.end).flatMap(({ regions }) => regions);
        await options.weights.arrivals.whole(needed, signal);
        runPart(options, chunk, part, range);
        // Weights on their way stand in the same queue, and behind no more than this.
        await queueDone(gpu);
        throwIfAborted(signal);
      }
    }
    cache.close(sequence, [...tokens]);
    return tokens.length;
  } catch (error) {
    cache.free(sequence);
    throw error;
  } finally {
    for (const { hidden } of chunks) hidden?.place!.buffer.destroy();
  }
}

async function planChunks(options: EarlyPrefillOptions, tokens: readonly number[]): Promise<Chunk[]> {
  const { gpu, plans, pace, chunkRows, config } = options;
  const record = (rows: number, end: number) => plans.prefill(rows, end, { kind: 'nothing' });
  const { rows: most } = await largestPlan(pace, tokens.length, chunkRows, (rows) =>
    record(rows, tokens.length),
  );
  const count = Math.ceil(tokens.length / most);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const some = tokens.slice(i * most, (i + 1) * most);
      const position = i * most;
      const rows = planRows(some.length, most);
      const plan = await record(rows, position + some.length);
      const hidden = count > 1 ? createTensor(gpu.device, `early rows ${i}`, [rows, config.dim]) : undefined;
      return { tokens: some, position, plan, hidden };
    }),
  );
}

/** Part 0 is the embedding, part i + 1 layer i. */
function rangeOf(plan: Plan, part: number, layers: number): { start: number; end: number } {
  const begin = (layer: number) => (layer < layers ? plan.markOf(`layer.${layer}`)! : plan.dispatches.length);
  return { start: part === 0 ? 0 : begin(part - 1), end: begin(part) };
}

function runPart(
  { gpu, steps, pace, config }: EarlyPrefillOptions,
  { tokens, position, plan, hidden }: Chunk,
  part: number,
  range: { start: number; end: number },
): void {
  const { device } = gpu;
  steps.writeChunk(tokens, position);
  const copy = (encoder: GPUCommandEncoder, from: Tensor, to: Tensor) =>
    encoder.copyBufferToBuffer(
      from.place!.buffer,
      from.place!.offset,
      to.place!.buffer,
      to.place!.offset,
      hidden!.byteLength,
    );
  for (const piece of plan.pieces(pace.flopsPerSubmit, range)) {
    const encoder = device.createCommandEncoder({ label: plan.label });
    if (hidden && part > 0 && piece.start === range.start)
      copy(encoder, hidden, plan.tapped(`layer.${part - 1}`));
    plan.encode(encoder, piece);
    if (hidden && part < config.layers && piece.end === range.end)
      copy(encoder, plan.tapped(`layer.${part}`), hidden);
    device.queue.submit([encoder.finish()]);
  }
}
