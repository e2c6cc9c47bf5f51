// The matmul on activations in bytes, against the f64 twin: closely on the activations that the bytes stand for, and
// within what `numerics: 'fast'` may cost on the activations as they were.
import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { expect } from 'vitest';
import { gluRef } from '../glu/glu.ref.ts';
import { createWeight, destroyWeight, writeRows } from '../lib/weight.ts';
import { matmulRef } from '../matmul/matmul.ref.ts';
import { matmul } from '../matmul/matmul.ts';
import { quantizeRef } from '../quantize/quantize.ref.ts';
import { decodeRows, randomRows } from './blocks.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from './run-op.ts';

export interface Int8Case {
  quant: string;
  variants: Record<string, string>;
  rows: number;
  outputs: number;
  k: number;
  glu?: boolean;
  /** With a bias, a residual and columns that are another's. */
  more?: boolean;
}

export async function checkInt8(
  gpu: Gpu,
  { quant, variants, rows, outputs, k, glu = false, more = false }: Int8Case,
): Promise<void> {
  const dtype = dtypeByName(quant)!;
  const weightRows = glu ? 2 * outputs : outputs;
  const bytes = randomRows(dtype, weightRows, k, 7);
  const weight = createWeight(gpu.device, gpu.caps, 'w', dtype, weightRows, k);
  writeRows(gpu.device.queue, weight, 0, weightRows, bytes);
  const column = more ? 5 : 0;
  const columns = outputs + column;
  const x = randomF32(rows * k, 11);
  const bias = randomF32(columns, 13);
  const residual = randomF32(rows * columns, 17);
  const y = poisoned(gpu, [rows, columns]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(
    gpu,
    (rec) =>
      matmul(rec, {
        weight,
        x: upload(gpu, x, [rows, k]),
        y,
        step,
        glu,
        column,
        ...(more && {
          bias: upload(gpu, bias, [columns]),
          residual: upload(gpu, residual, [rows, columns]),
        }),
      }),
    { gemvActivations: 'int8', gemmActivations: 'int8', ...variants },
  );
  destroyWeight(weight);
  const all = await readF32(gpu, y);
  const actual = Float64Array.from({ length: rows * outputs }, (_, i) => {
    const at = Math.floor(i / outputs) * columns + column + (i % outputs);
    return all[at]! - (more ? bias[at % columns]! + residual[at]! : 0);
  });
  for (let i = 0; i < all.length; i++) {
    if (i % columns < column) expect(all[i], 'a column that is not ours was written').toBeNaN();
  }
  const w = decodeRows(dtype, bytes, weightRows, k);
  const expected = (activations: Float32Array) => {
    const sums = matmulRef(activations, w, rows, weightRows, k);
    return glu ? gluRef(sums, rows, outputs) : sums;
  };
  const seen = Float32Array.from(quantizeRef(x).flatMap(({ scale, codes }) => codes.map((q) => q * scale)));
  // A code may be its neighbour where a value lies between two.
  expect(nmse(actual, expected(seen)), 'on what the bytes stand for').toBeLessThanOrEqual(1e-7);
  expect(nmse(actual, expected(x)), 'on what they were').toBeLessThanOrEqual(5e-4);
}
