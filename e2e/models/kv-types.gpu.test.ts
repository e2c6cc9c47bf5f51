// The types of the cache on one model: f32 gives the reference's losses, the others stay near it.

import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import type { KvType } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';

const { promptIds, greedyIds, promptLogprobs } = readCase('quant-q8_0');
const text = [...promptIds, ...greedyIds].slice(0, 96);

const models = new Map<KvType, OpenModel>();
const rows = new Map<KvType, Float32Array[]>();
beforeAll(async () => {
  for (const kv of ['f32', 'f16', 'q8'] as const) {
    const model = await openModel({ sources: [caseSource('quant-q8_0')], gpu: await openDawn(), kv });
    models.set(kv, model);
    rows.set(kv, await model.prefillLogits(text));
  }
});
afterAll(async () => {
  for (const { engine } of models.values()) await engine.unload();
});

function nmse(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  let [error, power] = [0, 0];
  for (const [r, row] of expected.entries()) {
    for (const [i, value] of row.entries()) {
      error += (actual[r]![i]! - value) ** 2;
      power += value ** 2;
    }
  }
  return error / power;
}

test.each([
  ['f32', 1e-5],
  ['f16', 1e-4],
  ['q8', 5e-3],
] as const)('losses with a %s cache are those of the reference', async (kv, bound) => {
  const { nll, promptIds: used } = await models.get(kv)!.engine.perplexity({ kind: 'ids', ids: promptIds });
  expect(used).toEqual(promptIds);
  const expected = Float32Array.from(promptLogprobs, (logprob) => -logprob);
  expect(nll).toHaveLength(expected.length);
  expect(nmse([Float32Array.from(nll)], [expected])).toBeLessThan(bound);
});

describe.each([
  ['f16', 1e-4, 2],
  ['q8', 5e-3, 3.5],
] as const)('%s', (kv, bound, times) => {
  test('logits stay near those of an f32 cache', () => {
    const difference = nmse(rows.get(kv)!, rows.get('f32')!);
    expect(difference).toBeLessThan(bound);
    expect(difference, 'nothing was rounded').toBeGreaterThan(0);
  });

  test('takes less memory, and says so', () => {
    const [small, large] = [models.get(kv)!.engine.info(), models.get('f32')!.engine.info()];
    expect(small.kv).toBe(kv);
    expect(large.memory.kvBytes / small.memory.kvBytes).toBeGreaterThanOrEqual(times);
  });

  test('decode and prefill agree', async () => {
    const prefilled = rows.get(kv)!.slice(promptIds.length - 1, promptIds.length + 4);
    const decoded = await models.get(kv)!.decodeLogits(promptIds, greedyIds.slice(0, 4));
    // A key that differs in the last digit may round to another step of the cache.
    expect(nmse(decoded, prefilled)).toBeLessThan(bound / 10);
  });
});
