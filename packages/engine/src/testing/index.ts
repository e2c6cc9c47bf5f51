// A loaded model from the inside, for tests that compare logits and hidden rows with other software.

import { readBuffer } from '@quern/gpu';
import { GREEDY, type LoraChoice } from '@quern/spec';
import { stagesFor } from '../sampling/stages.ts';
import { Engine, type EngineParts } from '../engine.ts';
import { type LoadOptions, loadParts } from '../load.ts';
import type { Pace } from '../pace.ts';

export { variantSets } from './variant-sets.ts';

export interface OpenModel {
  readonly engine: Engine;
  readonly pace: Pace;
  /** LoRA adapters of the logits that are asked for from here on. */
  adapt(choices: readonly LoraChoice[]): void;
  /** Logits [ids.length][vocabulary], each row after the ids up to it, by prefill in chunks. */
  prefillLogits(ids: readonly number[]): Promise<Float32Array[]>;
  /** Logits after the prompt and after each of `next`, fed one by one through decode. */
  decodeLogits(prompt: readonly number[], next: readonly number[]): Promise<Float32Array[]>;
}

/**
 * `logitRows`: of a chunk of `prefillLogits`; `chunkRows`: the most of a prefill; `wholeCache`: layers with a window
 * keep all their keys and values.
 */
export async function openModel(
  options: LoadOptions & { logitRows?: number; chunkRows?: number; wholeCache?: boolean },
): Promise<OpenModel> {
  const { wholeCache = false, chunkRows } = options;
  const parts = await loadParts(options, { keepTaps: true, wholeCache, chunkRows });
  return {
    engine: new Engine(parts),
    pace: parts.pace,
    adapt: (choices) => parts.plans.use(parts.adapters.choose(choices)),
    prefillLogits: (ids) => prefillLogits(parts, ids, options.logitRows ?? parts.runner.lossRows),
    decodeLogits: (prompt, next) => decodeLogits(parts, prompt, next),
  };
}

async function prefillLogits(
  p: EngineParts,
  ids: readonly number[],
  chunkRows: number,
): Promise<Float32Array[]> {
  const sequence = p.cache.start();
  const rows: Float32Array[] = [];
  p.runner.prepare(ids.length);
  for (let first = 0; first < ids.length; first += chunkRows) {
    const chunk = ids.slice(first, first + chunkRows);
    const plan = await p.plans.prefill(p.runner.lossRows, first + chunk.length, { kind: 'logprobs' });
    p.cache.reserve(sequence, first, first + chunk.length);
    p.steps.writePages(sequence);
    p.steps.writeChunk(chunk, first);
    const encoder = p.gpu.device.createCommandEncoder();
    plan.encode(encoder);
    p.gpu.device.queue.submit([encoder.finish()]);
    rows.push(...(await readRows(p, plan.tapped('logits'), chunk.length)));
  }
  p.cache.free(sequence);
  return rows;
}

async function decodeLogits(
  p: EngineParts,
  prompt: readonly number[],
  next: readonly number[],
): Promise<Float32Array[]> {
  const stages = stagesFor(GREEDY, false);
  p.runner.prepare(prompt.length + next.length);
  const sequence = p.cache.start();
  p.sampler.start(GREEDY, stages, []);
  const rows: Float32Array[] = [];
  const { result, plan } = await p.runner.prefill(sequence, prompt, stages);
  await result;
  rows.push(...(await readRows(p, plan.tapped('logits'), 1)));
  for (const [i, id] of next.entries()) {
    const position = prompt.length + i;
    p.steps.writeDecode(id, position);
    await (
      await p.runner.decode(sequence, position, stages)
    ).result;
    rows.push(...(await readRows(p, (await p.plans.decode(1, position + 1, stages)).tapped('logits'), 1)));
  }
  p.cache.free(sequence);
  return rows;
}

async function readRows(
  { gpu, config }: EngineParts,
  tensor: { readonly place: { buffer: GPUBuffer; offset: number } | undefined },
  count: number,
): Promise<Float32Array[]> {
  const { buffer, offset } = tensor.place!;
  const bytes = await readBuffer(gpu, buffer, offset, count * config.vocabulary * 4);
  const all = new Float32Array(bytes.buffer);
  return Array.from({ length: count }, (_, i) =>
    all.slice(i * config.vocabulary, (i + 1) * config.vocabulary),
  );
}
