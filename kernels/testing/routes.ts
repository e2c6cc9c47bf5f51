// Routes of a mixture-of-experts test.

import type { Gpu, Tensor } from '@quern/gpu';
import { random, upload } from './run-op.ts';

export interface TestRoutes {
  readonly rows: number;
  readonly used: number;
  /** [rows * used] */
  readonly experts: readonly number[];
  readonly weights: readonly number[];
}

/** Each row gets `used` different experts of the first `among`, and weights between 0 and 1. */
export function drawRoutes(rows: number, used: number, among: number, seed: number): TestRoutes {
  const next = random(seed);
  const experts = Array.from({ length: rows }, () => {
    const keys = Array.from({ length: among }, (_, e) => [next(), e] as const).toSorted(
      (a, b) => a[0] - b[0],
    );
    return keys.slice(0, used).map(([, e]) => e);
  }).flat();
  return { rows, used, experts, weights: experts.map(() => Math.fround((next() + 1) / 2)) };
}

/** [rows, used, 2], as moe-route leaves them. */
export function routesTensor(gpu: Gpu, { rows, used, experts, weights }: TestRoutes): Tensor {
  const floats = new Float32Array(experts.length * 2);
  const ids = new Uint32Array(floats.buffer);
  experts.forEach((expert, i) => {
    ids[2 * i] = expert;
    floats[2 * i + 1] = weights[i]!;
  });
  return upload(gpu, floats, [rows, used, 2]);
}
