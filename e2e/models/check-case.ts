// A conformance case through the engine: logits by prefill in chunks and by decode step by step, and greedy ids.

import { planLoad } from '@quern/engine';
import { openModel, type OpenModel } from '@quern/engine/testing';
import { adapterCaps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import { type ByteSource, GREEDY, type KvType } from '@quern/spec';
import { expect } from 'vitest';
import { caseSource, type Expected, readCase } from './case.ts';
import { forcedVariants } from './forced-variants.ts';

/** NMSE of logits that a cache of this type may cost. */
const BOUNDS: Record<KvType, number> = { f32: 1e-5, f16: 1e-4, q8: 5e-3 };

/** Logits by prefill alone, in chunks: every kernel of a family once, in a second or two. */
export async function checkPrefill(name: string, sources?: ByteSource[]): Promise<void> {
  const { promptIds, greedyIds, steps, logits } = readCase(name);
  const model = await openCase(name, 'f32', sources);
  try {
    const all = await model.prefillLogits([...promptIds, ...greedyIds.slice(0, -1)]);
    const prefilled = steps.map((step) => all[promptIds.length - 1 + step]!);
    expect(nmse(prefilled, logits), 'logits by prefill').toBeLessThanOrEqual(BOUNDS.f32);
  } finally {
    await model.engine.unload();
  }
}

/** `sources`: the files of its model, else its GGUF. */
export async function checkCase(name: string, kv: KvType, sources?: ByteSource[]): Promise<void> {
  const expected = readCase(name);
  const { promptIds, greedyIds, steps, logits, minTop1Margin } = expected;
  const model = await openCase(name, kv, sources);
  try {
    const all = await model.prefillLogits([...promptIds, ...greedyIds.slice(0, -1)]);
    const prefilled = steps.map((step) => all[promptIds.length - 1 + step]!);
    expect(nmse(prefilled, logits), 'logits by prefill').toBeLessThanOrEqual(BOUNDS[kv]);
    const decoded = await model.decodeLogits(promptIds, greedyIds.slice(0, -1));
    const stepped = steps.map((step) => decoded[step]!);
    expect(nmse(stepped, logits), 'logits by decode').toBeLessThanOrEqual(BOUNDS[kv]);
    // Half-precision keys may turn a near tie.
    if (kv === 'f32' || minTop1Margin > 0.05) expect(await greedy(model, expected)).toEqual(greedyIds);
  } finally {
    await model.engine.unload();
  }
}

/** A GGUF takes what its header said that it would. */
async function openCase(name: string, kv: KvType, sources?: ByteSource[]): Promise<OpenModel> {
  const gpu = await openDawn();
  const forced = forcedVariants();
  const variants = forced && { variants: forced };
  if (sources) return openModel({ sources, gpu, kv, ...variants });
  const plan = await planLoad({ sources: [caseSource(name)], kv, caps: await adapterCaps(gpu) });
  expect(plan.problems).toEqual([]);
  const model = await openModel({ sources: [caseSource(name)], gpu, kv, ...variants });
  const { weightBytes, kvBytes, kvGroups } = model.engine.info().memory;
  expect(plan.memory).toMatchObject({ weightBytes, kvBytes, kvGroups });
  return model;
}

export function nmse(actual: Float32Array[], expected: Float32Array[]): number {
  let error = 0;
  let power = 0;
  expected.forEach((row, r) =>
    row.forEach((value, i) => {
      error += (actual[r]![i]! - value) ** 2;
      power += value ** 2;
    }),
  );
  return error / power;
}

async function greedy({ engine }: OpenModel, { promptIds, greedyIds }: Expected): Promise<number[]> {
  const ids: number[] = [];
  const request = {
    prompt: { kind: 'ids' as const, ids: promptIds },
    sampling: GREEDY,
    maxTokens: greedyIds.length,
    stop: [],
    ignoreEos: true,
  };
  for await (const part of engine.generate(request)) if (part.type === 'text-delta') ids.push(...part.ids);
  return ids;
}
