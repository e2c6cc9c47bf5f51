// Where everything of a model lies on a GPU: weights, the KV cache, the step's buffers, the plans of a first
// request. A load lays out on the adapter's device and then streams weights into it; a plan of a load lays out on a
// dry device, so that what is told is what will be taken.

import type { ModelFile } from '@quern/formats';
import { Arena, type Gpu, OWN_BUFFER_BYTES } from '@quern/gpu';
import { pageBytes } from '@quern/kernels';
import {
  type ForwardContext,
  findArchitecture,
  type Model,
  type ModelConfig,
  WeightRegistry,
} from '@quern/models';
import { GREEDY, type KvGroupInfo, type KvType, type MemoryInfo } from '@quern/spec';
import { type CacheGroup, cacheGroups, describeGroups } from './cache-groups.ts';
import { PlanBook } from './plan-book.ts';
import { SamplerState, stagesFor } from './sampling/stages.ts';
import { StepTensors } from './step-tensors.ts';

export interface LayoutOptions {
  gpu: Gpu;
  /** With GGUF's names. */
  file: ModelFile;
  config: ModelConfig;
  /** Small tensors that the model needs first; a dry layout does without their values. */
  vectors?: ReadonlyMap<string, Float32Array>;
  contextLength: number;
  kv: KvType;
  /** Rows of a prefill chunk. */
  chunkRows: number;
  /** Of all axes. */
  variants: Readonly<Record<string, string>>;
  keepTaps?: boolean;
  /** Layers with a window keep all keys and values. */
  wholeCache?: boolean;
}

export interface Layout {
  readonly weights: WeightRegistry;
  readonly model: Model;
  readonly groups: readonly CacheGroup[];
  readonly kvGroups: KvGroupInfo[];
  readonly layers: ForwardContext['layers'];
  readonly steps: StepTensors;
  readonly sampler: SamplerState;
  readonly plans: PlanBook;
}

/**
 * Allocates all but the plans' own memory. Throws 'corrupt-file' for tensors that are missing or of other shapes,
 * 'unsupported-dtype', 'webgpu-unavailable' for weights that this adapter cannot hold.
 */
export function layOut(options: LayoutOptions): Layout {
  const { gpu, file, config, vectors, contextLength, kv, chunkRows, variants } = options;
  const { keepTaps = false, wholeCache = false } = options;
  const weights = new WeightRegistry(gpu, file.tensors, vectors);
  const model = findArchitecture(file.architecture).create(weights, config, contextLength);
  const groups = cacheGroups(wholeCache ? { cache: config.cache } : config, contextLength, chunkRows);
  const steps = new StepTensors(gpu, chunkRows, contextLength, groups.length);
  const cached = config.cache.map((layer, i) => {
    const shape = { ...layer, type: kv };
    const group = groups.findIndex(({ layers: members }) => members.includes(i));
    const bytes = groups[group]!.pages * pageBytes(shape);
    return { name: `kv ${i}`, shape, bytes, pageTable: steps.pageTables[group]! };
  });
  const small = cached.filter(({ bytes }) => bytes < OWN_BUFFER_BYTES);
  const arena = new Arena(
    gpu,
    'kv',
    small.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 256) * 256, 0),
  );
  const layers = cached.map(({ name, shape, bytes, pageTable }) => ({
    shape,
    kv: { name, shape: [bytes / 4], byteLength: bytes, place: arena.take(name, bytes) },
    pageTable,
  }));
  const sampler = new SamplerState(gpu, config.vocabulary);
  const plans = new PlanBook({ gpu, model, variants, layers, steps, sampler, contextLength, keepTaps });
  return {
    weights,
    model,
    groups,
    kvGroups: describeGroups(groups, config, kv),
    layers,
    steps,
    sampler,
    plans,
  };
}

/** The plans that the first request of a chat needs. */
export async function firstPlans(plans: PlanBook, chunkRows: number): Promise<void> {
  const greedy = stagesFor(GREEDY, false);
  const drawn = stagesFor({ ...GREEDY, temperature: 1 }, false);
  await Promise.all([
    plans.prefill(chunkRows, chunkRows, { kind: 'nothing' }),
    plans.prefill(chunkRows, chunkRows, { kind: 'sample', stages: drawn }),
    plans.decode(1, 1, drawn),
    plans.decode(1, 1, greedy),
  ]);
}

/** The plans that a request needs whose prompt of `tokens` is computed but for its last one. */
export async function plansAfter(plans: PlanBook, tokens: number): Promise<void> {
  const stages = [stagesFor(GREEDY, false), stagesFor({ ...GREEDY, temperature: 1 }, false)];
  await Promise.all(stages.map((chosen) => plans.decode(1, tokens + 1, chosen)));
}

/** What a layout takes, with the plans that it has by now. */
export function memoryOf({
  weights,
  kvGroups,
  plans,
  steps,
  sampler,
}: Pick<Layout, 'weights' | 'kvGroups' | 'plans' | 'steps' | 'sampler'>): MemoryInfo {
  return {
    weightBytes: weights.byteLength,
    kvBytes: kvGroups.reduce((sum, group) => sum + group.bytes, 0),
    kvGroups,
    scratchBytes: plans.scratchBytes + steps.byteLength + sampler.byteLength,
  };
}

/** In all. */
export function totalBytes({ weightBytes, kvBytes, scratchBytes }: MemoryInfo): number {
  return weightBytes + kvBytes + scratchBytes;
}
