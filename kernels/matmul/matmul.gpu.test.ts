import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createWeight, destroyWeight, writeRows } from '../lib/weight.ts';
import { QUANTS } from '../quant/index.ts';
import { decodeRows, randomRows } from '../testing/blocks.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { gluRef } from '../glu/glu.ref.ts';
import { normRef } from '../norm/norm.ref.ts';
import { matmulRef } from './matmul.ref.ts';
import { matmul } from './matmul.ts';

/** Large enough that a sum of squares without it shows. */
const EPSILON = 0.1;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

interface Case {
  quant: string;
  variants: Record<string, string>;
  rows: number;
  outputs: number;
  k: number;
  glu?: boolean;
  bias?: boolean;
  residual?: boolean;
  column?: number;
  norm?: boolean;
  /** Forces parts by pretending that the adapter binds no more than this. */
  maxBinding?: number;
}

async function check(c: Case): Promise<void> {
  const dtype = dtypeByName(c.quant)!;
  const weightRows = c.glu ? 2 * c.outputs : c.outputs;
  const bytes = randomRows(dtype, weightRows, c.k, 7);
  const caps = c.maxBinding
    ? { ...gpu.caps, limits: { ...gpu.caps.limits, maxStorageBufferBindingSize: c.maxBinding } }
    : gpu.caps;
  const weight = createWeight(gpu.device, caps, 'w', dtype, weightRows, c.k);
  if (c.maxBinding) expect(weight.parts.length).toBeGreaterThan(1);
  writeRows(gpu.device.queue, weight, 0, weightRows, bytes);
  const columns = c.outputs + (c.column ?? 0);
  const x = randomF32(c.rows * c.k, 11);
  const bias = randomF32(columns, 13);
  const residual = randomF32(c.rows * columns, 17);
  const gamma = randomF32(c.k, 19);
  const y = poisoned(gpu, [c.rows, columns]);
  await runOp(
    gpu,
    (rec) =>
      matmul(rec, {
        weight,
        x: upload(gpu, x, [c.rows, c.k]),
        y,
        step: stepTensor(
          gpu,
          Array.from({ length: c.rows }, () => ({})),
        ),
        glu: c.glu ?? false,
        column: c.column ?? 0,
        ...(c.bias && { bias: upload(gpu, bias, [columns]) }),
        ...(c.norm && { norm: { weight: upload(gpu, gamma, [c.k]), epsilon: EPSILON } }),
        ...(c.residual && { residual: upload(gpu, residual, [c.rows, columns]) }),
      }),
    c.variants,
  );
  const rows = c.norm
    ? Float32Array.from(normRef(x, { dim: c.k, epsilon: EPSILON, centred: false, weight: gamma }))
    : x;
  let expected = matmulRef(rows, decodeRows(dtype, bytes, weightRows, c.k), c.rows, weightRows, c.k);
  if (c.glu) expected = gluRef(expected, c.rows, c.outputs);
  const all = await readF32(gpu, y);
  const actual = new Float64Array(c.rows * c.outputs);
  for (let r = 0; r < c.rows; r++) {
    for (let column = 0; column < columns; column++) {
      const value = all[r * columns + column]!;
      const o = column - (c.column ?? 0);
      if (o < 0) {
        expect(value, 'a column that is not ours was written').toBeNaN();
        continue;
      }
      const i = r * c.outputs + o;
      actual[i] = value;
      if (c.bias) expected[i]! += bias[column]!;
      if (c.residual) expected[i]! += residual[r * columns + column]!;
    }
  }
  destroyWeight(weight);
  expect(nmse(actual, expected)).toBeLessThanOrEqual(1e-9);
}

/** Every type runs both ways of unpacking bytes; the mappings share that code, so a few types do for the rest. */
const SOME = ['f16', 'q4_1', 'q6_k'];
const MAPPINGS: Array<{
  name: string;
  variants: Record<string, string>;
  one: readonly string[];
  many: readonly string[];
}> = [
  {
    name: 'thread',
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'off' },
    one: QUANTS,
    many: SOME,
  },
  {
    name: 'thread with subgroups',
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'on' },
    one: SOME,
    many: SOME,
  },
  {
    name: 'workgroup',
    variants: { gemv: 'workgroup', gemm: 'tile' },
    one: QUANTS,
    many: SOME,
  },
];

describe.each(MAPPINGS)('matmul $name', ({ variants, one, many }) => {
  beforeEach((context) => {
    if (variants['subgroups'] === 'on' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });
  test.each(one)('%s: one row, tails in outputs', async (quant) => {
    await check({ quant, variants, rows: 1, outputs: 37, k: 768 });
  });
  test.each(many)('%s: 33 rows', async (quant) => {
    await check({ quant, variants, rows: 33, outputs: 70, k: 512 });
  });
  test.each([2, 3, 4, 7, 8, 9])('q4_1: %i rows', async (rows) => {
    await check({ quant: 'q4_1', variants, rows, outputs: 66, k: 96 });
  });
  test.each([1, 3, 65])('f16 with a tail in k: %i outputs', async (outputs) => {
    await check({ quant: 'f16', variants, rows: 2, outputs, k: 40 });
  });
  test('q4_k over a long k', async () => {
    await check({ quant: 'q4_k', variants, rows: 3, outputs: 9, k: 4096 + 256 });
  });
  test.each([1, 7, 70])('gate, %i rows', async (rows) => {
    await check({ quant: 'q8_0', variants, rows, outputs: 43, k: 64, glu: true });
  });
  test.each([1, 12])('bias, residual and a column offset, %i rows', async (rows) => {
    await check({ quant: 'q4_0', variants, rows, outputs: 21, k: 64, bias: true, residual: true, column: 5 });
  });
  test.each([1, 12])('a weight in several parts, %i rows', async (rows) => {
    await check({ quant: 'q6_k', variants, rows, outputs: 50, k: 256, residual: true, maxBinding: 16 * 192 });
  });
});

const FOLDED: Array<Record<string, string>> = [
  { gemv: 'workgroup', fold: 'on' },
  { gemv: 'thread', subgroups: 'on', fold: 'on' },
  { gemv: 'thread', subgroups: 'off', fold: 'on' },
];

describe.each(FOLDED)('matmul with a norm folded in, %o', (variants) => {
  // A thread folds it into one row only.
  const many = variants.gemv === 'thread' ? [] : [2, 5];
  test.each([1, ...many])('%i rows', async (rows) => {
    await check({ quant: 'q4_1', variants, rows, outputs: 37, k: 96, norm: true });
  });
  test.each([1, ...many.slice(1)])('gate, %i rows', async (rows) => {
    await check({ quant: 'q8_0', variants, rows, outputs: 13, k: 64, glu: true, norm: true });
  });
  test('a tail in k, bias and a column offset', async () => {
    const rows = many[0] ?? 1;
    await check({ quant: 'f16', variants, rows, outputs: 9, k: 40, bias: true, column: 5, norm: true });
  });
  test('more groups than lanes', async () => {
    await check({ quant: 'q4_k', variants, rows: 1, outputs: 5, k: 4096 + 256, norm: true });
  });
  test('a weight in several parts', async () => {
    await check({ quant: 'q6_k', variants, rows: 1, outputs: 50, k: 256, norm: true, maxBinding: 16 * 192 });
  });
});
