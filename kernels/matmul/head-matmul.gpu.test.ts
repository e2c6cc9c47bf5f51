import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createWeight, destroyWeight, writeRows } from '../lib/weight.ts';
import { decodeRows, randomRows } from '../testing/blocks.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { headMatmulRef } from './head-matmul.ref.ts';
import { headMatmul } from './head-matmul.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

interface Case {
  quant: string;
  variants: Record<string, string>;
  rows: number;
  heads: number;
  cols: number;
  outputs: number;
  /** Values of a head that lie behind those that are read or written. */
  xGap?: number;
  yGap?: number;
  /** Forces parts by pretending that the adapter binds no more than this. */
  maxBinding?: number;
}

async function check(c: Case): Promise<void> {
  const { rows, heads, cols, outputs } = c;
  const [xHead, yHead] = [cols + (c.xGap ?? 0), outputs + (c.yGap ?? 0)];
  const dtype = dtypeByName(c.quant)!;
  const bytes = randomRows(dtype, heads * outputs, cols, 7);
  const binding = c.maxBinding ?? gpu.caps.limits.maxStorageBufferBindingSize;
  const caps = { ...gpu.caps, limits: { ...gpu.caps.limits, maxStorageBufferBindingSize: binding } };
  const weight = createWeight(gpu.device, caps, 'w', dtype, heads * outputs, cols, outputs);
  if (c.maxBinding) expect(weight.parts.length).toBeGreaterThan(1);
  writeRows(gpu.device.queue, weight, 0, heads * outputs, bytes);
  const x = randomF32(rows * heads * xHead, 11);
  const y = poisoned(gpu, [rows, heads * yHead]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(
    gpu,
    (rec) => headMatmul(rec, { weight, heads, x: upload(gpu, x, [rows, heads * xHead]), y, step }),
    c.variants,
  );
  destroyWeight(weight);
  const all = await readF32(gpu, y);
  const written: number[] = [];
  all.forEach((value, i) => {
    if (i % yHead < outputs) written.push(value);
    else expect(value, 'what lies between heads is not ours').toBeNaN();
  });
  const w = decodeRows(dtype, bytes, heads * outputs, cols);
  const expected = headMatmulRef(x, w, { rows, heads, xHead, cols, outputs });
  expect(nmse(written, expected)).toBeLessThanOrEqual(1e-9);
}

describe.each<{ name: string; variants: Record<string, string> }>([
  { name: 'thread', variants: { gemv: 'thread', gemm: 'thread', subgroups: 'off' } },
  { name: 'thread with subgroups', variants: { gemv: 'thread', gemm: 'thread', subgroups: 'on' } },
  { name: 'workgroup', variants: { gemv: 'workgroup', gemm: 'tile' } },
])('$name', ({ variants }) => {
  beforeEach((context) => {
    if (variants['subgroups'] === 'on' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });
  // As a query goes into the latent space, and as a value comes out of it: few and many rows.
  test.each([1, 2, 7, 33])('%i rows: into wider heads, from heads with more behind', async (rows) => {
    await check({ quant: 'f16', variants, rows, heads: 3, cols: 16, xGap: 8, outputs: 24, yGap: 8 });
  });
  test.each(['q8_0', 'q4_0', 'bf16', 'f32'])('%s', async (quant) => {
    await check({ quant, variants, rows: 2, heads: 5, cols: 64, outputs: 37, xGap: 4, yGap: 1 });
  });
  test.each([1, 40])('heads in parts, %i rows', async (rows) => {
    // A head's 37 rows of 32 f16 values take 2368 bytes: two heads a part, and one left over.
    await check({ quant: 'f16', variants, rows, heads: 5, cols: 32, outputs: 37, yGap: 3, maxBinding: 5000 });
  });
  test('more outputs than a tile has', async () => {
    await check({ quant: 'q8_0', variants, rows: 70, heads: 2, cols: 32, outputs: 130 });
  });
});
