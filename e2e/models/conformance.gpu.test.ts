// Logits and greedy tokens of the tiny models against Hugging Face's, computed in f32 without a cache.

import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import { GREEDY } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { caseSource, type Expected, readCase } from './case.ts';

const CASES = [
  'arch-llama',
  'arch-llama3-rope',
  'quant-f32',
  'quant-f16',
  'quant-bf16',
  'quant-q4_0',
  'quant-q4_1',
  'quant-q5_0',
  'quant-q5_1',
  'quant-q8_0',
  'quant-q4_k',
  'quant-q6_k',
];

/** The other block types, which share all but their decode with those above: in exact arithmetic only. */
const TYPES = [
  'q2_k',
  'q3_k',
  'q5_k',
  'iq4_nl',
  'iq4_xs',
  'mxfp4',
  'tq1_0',
  'tq2_0',
  'iq2_xxs',
  'iq2_xs',
  'iq2_s',
  'iq3_xxs',
  'iq3_s',
  'iq1_s',
  'iq1_m',
].map((type) => `quant-${type}`);

function nmse(actual: Float32Array[], expected: Float32Array[]): number {
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

const CACHES = [
  ['f32', 1e-5],
  ['f16', 1e-4],
] as const;

describe.each([...CASES, ...TYPES])('%s', (name) => {
  test.each(TYPES.includes(name) ? CACHES.slice(0, 1) : CACHES)('%s cache', async (kv, bound) => {
    const expected = readCase(name);
    const model = await openModel({ sources: [caseSource(name)], gpu: await openDawn(), kv });
    const { promptIds, greedyIds, steps } = expected;
    const all = await model.prefillLogits([...promptIds, ...greedyIds.slice(0, -1)]);
    const prefilled = steps.map((step) => all[promptIds.length - 1 + step]!);
    expect(nmse(prefilled, expected.logits)).toBeLessThanOrEqual(bound);
    const decoded = await model.decodeLogits(promptIds, greedyIds.slice(0, -1));
    expect(
      nmse(
        steps.map((step) => decoded[step]!),
        expected.logits,
      ),
    ).toBeLessThanOrEqual(bound);
    // Half-precision keys may turn a near tie.
    if (kv === 'f32' || expected.minTop1Margin > 0.05)
      expect(await greedy(model, expected)).toEqual(greedyIds);
    await model.engine.unload();
  });
});
