import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, expect, test } from 'vitest';
import { poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { moeRouteRef } from './moe-route.ref.ts';
import { moeRoute, type Routing } from './moe-route.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const PLAIN: Routing = { score: 'softmax', normalised: false, scale: 1 };

async function check(
  logits: Float32Array<ArrayBuffer>,
  rows: number,
  used: number,
  routing: Routing,
  bias?: Float32Array<ArrayBuffer>,
): Promise<void> {
  const experts = logits.length / rows;
  const routes = poisoned(gpu, [rows, used, 2]);
  await runOp(gpu, (rec) =>
    moeRoute(rec, {
      ...routing,
      logits: upload(gpu, logits, [rows, experts]),
      bias: bias && upload(gpu, bias, [experts]),
      step: stepTensor(
        gpu,
        Array.from({ length: rows }, () => ({})),
      ),
      routes,
    }),
  );
  const weights = await readF32(gpu, routes);
  const ids = new Uint32Array(weights.buffer);
  for (let r = 0; r < rows; r++) {
    const expected = moeRouteRef(logits.subarray(r * experts, (r + 1) * experts), used, routing, bias);
    const at = expected.map((_, i) => 2 * (r * used + i));
    expect(at.map((i) => ids[i])).toEqual(expected.map(({ expert }) => expert));
    expected.forEach(({ weight }, i) => expect(weights[at[i]! + 1]! / weight).toBeCloseTo(1, 5));
  }
}

test.each([
  [1, 4, 1],
  [2, 8, 2],
  [7, 60, 4],
  [33, 128, 8],
  [3, 256, 8],
])('%i rows, %i experts, %i of them, every score', async (rows, experts, used) => {
  const logits = randomF32(rows * experts, rows).map((v) => v * 6);
  for (const score of ['softmax', 'sigmoid', 'softmax_chosen'] as const) {
    await check(logits, rows, used, { score, normalised: false, scale: 1 });
    await check(logits, rows, used, { score, normalised: true, scale: 2.5 });
  }
});

test.each(['best', 'best_two'] as const)('groups by their %s, with a bias for the choice', async (by) => {
  const logits = randomF32(9 * 64, 3).map((v) => v * 3);
  const bias = randomF32(64, 4).map((v) => v * 0.3);
  const groups = { count: 8, kept: 3, by };
  await check(logits, 9, 6, { score: 'sigmoid', normalised: true, scale: 2.5, groups }, bias);
  await check(logits, 9, 6, { score: 'softmax', normalised: false, scale: 16, groups });
});

test('ties go to the lower expert', async () => {
  const logits = Float32Array.from({ length: 96 }, (_, i) => (i % 3 === 1 ? 1 : 0));
  await check(logits, 3, 8, PLAIN);
  await check(new Float32Array(32), 1, 4, PLAIN);
});

test('logits beyond the range of exp', async () => {
  const logits = Float32Array.from({ length: 16 }, (_, i) => (i - 8) * 40);
  await check(logits, 2, 1, PLAIN);
  await check(logits, 2, 1, { ...PLAIN, score: 'softmax_chosen' });
});

test('a row of padding is left alone', async () => {
  const routes = poisoned(gpu, [2, 2, 2]);
  const logits = upload(gpu, randomF32(16, 5), [2, 8]);
  await runOp(gpu, (rec) => moeRoute(rec, { ...PLAIN, logits, step: stepTensor(gpu, [{}, {}], 1), routes }));
  expect((await readF32(gpu, routes)).subarray(4).every(Number.isNaN)).toBe(true);
});
