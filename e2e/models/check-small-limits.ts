// A case on an adapter that binds next to nothing, against the same case on the adapter as it is.

import { openModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource } from '@quern/spec';
import { expect } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { nmse } from './check-case.ts';
import { type SmallGpu, smallGpu } from './small-limits.ts';

const DECODED = 3;

/** Weights of `split` must have come to lie in several buffers. */
export async function checkSmallLimits(
  name: string,
  {
    binding,
    split,
    sources = () => [caseSource(name)],
    context = 32,
  }: {
    binding: number;
    split: readonly string[];
    sources?: () => ByteSource[];
    context?: number;
  },
): Promise<void> {
  const limits = { maxStorageBufferBindingSize: binding, maxBufferSize: 2 * binding };
  const { gpu, used } = await smallGpu(limits);
  const small = await logits(name, sources(), gpu, context);
  expect(parts(used, split), 'buffers of each').toEqual(split.map((label) => [label, expect.any(Number)]));
  for (const [label, count] of parts(used, split)) expect(count, label).toBeGreaterThan(1);
  expect(used.binding).toBeLessThanOrEqual(binding);
  const whole = await logits(name, sources(), await openDawn(), context);
  expect(nmse(small, whole)).toBeLessThan(1e-10);
}

function parts({ buffers }: SmallGpu['used'], labels: readonly string[]): Array<[string, number]> {
  return labels.flatMap((label) => (buffers.has(label) ? [[label, buffers.get(label)!]] : []));
}

/** Of a prompt in chunks, of steps after it, and its losses. */
async function logits(
  name: string,
  sources: ByteSource[],
  gpu: GPU,
  contextLength: number,
): Promise<Float32Array[]> {
  const ids = readCase(name).promptIds;
  const prompt = ids.slice(0, contextLength - 2 * DECODED - 1);
  const model = await openModel({ sources, gpu, contextLength, kv: 'f32' });
  try {
    const { nll } = await model.engine.perplexity({ kind: 'ids', ids: prompt });
    return [
      ...(await model.prefillLogits(prompt)),
      ...(await model.decodeLogits(prompt, ids.slice(0, DECODED))),
      Float32Array.from(nll),
    ];
  } finally {
    await model.engine.unload();
  }
}
