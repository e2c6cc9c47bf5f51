import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, expect, test } from 'vitest';
import { drawRoutes, routesTensor } from '../testing/routes.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { moeSumRef } from './moe-sum.ref.ts';
import { moeSum } from './moe-sum.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

interface Case {
  rows: number;
  used: number;
  n: number;
  weighted?: boolean;
  with?: { shared?: boolean; gate?: boolean; residual?: boolean };
  live?: number;
}

async function check(c: Case): Promise<Float32Array> {
  const { rows, used, n, weighted = true, with: has = {}, live = rows } = c;
  const routes = drawRoutes(rows, used, 8, 1);
  const slots = randomF32(rows * used * n, 2);
  const shared = randomF32(rows * n, 3);
  const gate = randomF32(rows, 4).map((v) => v * 5);
  const residual = randomF32(rows * n, 5);
  const y = poisoned(gpu, [rows, n]);
  await runOp(gpu, (rec) =>
    moeSum(rec, {
      slots: upload(gpu, slots, [rows * used, n]),
      routes: routesTensor(gpu, routes),
      weighted,
      shared: has.shared
        ? { x: upload(gpu, shared, [rows, n]), gate: has.gate ? upload(gpu, gate, [rows, 1]) : undefined }
        : undefined,
      residual: has.residual ? upload(gpu, residual, [rows, n]) : undefined,
      step: stepTensor(
        gpu,
        Array.from({ length: rows }, () => ({})),
        live,
      ),
      y,
    }),
  );
  const weights = weighted ? routes.weights : routes.weights.map(() => 1);
  const expected = moeSumRef(
    slots,
    weights,
    { used, n },
    {
      ...(has.shared && { shared }),
      ...(has.gate && { gate }),
      ...(has.residual && { residual }),
    },
  );
  const actual = await readF32(gpu, y);
  expect(nmse(actual.subarray(0, live * n), expected.subarray(0, live * n))).toBeLessThanOrEqual(1e-12);
  return actual;
}

test.each([
  [1, 1, 4],
  [2, 8, 132],
  [7, 2, 64],
  [33, 4, 36],
])('%i rows, %i experts each, %i columns', async (rows, used, n) => {
  await check({ rows, used, n });
  await check({ rows, used, n, with: { residual: true } });
  await check({ rows, used, n, with: { shared: true, residual: true } });
  await check({ rows, used, n, with: { shared: true, gate: true } });
  await check({ rows, used, n, weighted: false, with: { shared: true } });
});

test('rows of padding are left alone', async () => {
  const actual = await check({ rows: 5, used: 2, n: 32, live: 3 });
  expect(actual.subarray(3 * 32).every(Number.isNaN)).toBe(true);
});
