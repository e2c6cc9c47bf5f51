import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { drawRoutes, routesTensor } from '../testing/routes.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { moeSpreadRef } from './moe-spread.ref.ts';
import { moeSpread } from './moe-spread.ts';

test.each([
  [1, 1, 48],
  [7, 2, 260],
  [33, 3, 4],
])('%i rows, %i experts each, %i values', async (rows, used, n) => {
  const gpu = await openTestGpu();
  const routes = drawRoutes(rows, used, 5, 3);
  const input = randomF32(rows * n, 5);
  const y = poisoned(gpu, [rows * used, n]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(gpu, (rec) =>
    moeSpread(rec, { x: upload(gpu, input, [rows, n]), routes: routesTensor(gpu, routes), step, y }),
  );
  expect(nmse(await readF32(gpu, y), moeSpreadRef(input, routes.weights, n, used))).toBeLessThan(1e-9);
});
