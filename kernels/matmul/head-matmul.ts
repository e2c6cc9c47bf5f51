// A matrix for each head: y[r, head, o] = sum over k of x[r, head, k] * W[head, o, k]. The matmul's own shaders,
// with the head as the third dimension of the grid; heads of x and of y may stand further apart than they are
// wide. Latent attention takes queries into the latent space with it and values out of it (arXiv 2405.04434).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import type { Variants } from '../lib/variants.ts';
import type { Weight } from '../lib/weight.ts';
import { words } from '../lib/words.ts';
import { matmulKernel, pickForm } from './matmul.ts';

export interface HeadMatmulOptions {
  /** The heads' matrices one below the other, [heads * outputs, K], in parts of whole heads. */
  weight: Weight;
  heads: number;
  /** [rows, heads * width] f32: the first K values of each head are read. */
  x: Tensor;
  /** [rows, heads * width] f32: the first `outputs` values of each head are written. */
  y: Tensor;
  step: Tensor;
}

export function headMatmul(
  rec: Recorder,
  { weight, heads, x, y, step: stepTensor }: HeadMatmulOptions,
): void {
  const { name, cols } = weight;
  const [rows, xWidth] = x.shape as [number, number];
  const yWidth = y.shape[1]!;
  const outputs = weight.rows / heads;
  const variants = rec.variants as unknown as Variants;
  assert(Number.isInteger(outputs), `${name}: ${weight.rows} rows for ${heads} heads`);
  assert(
    weight.parts.every((part) => part.rows % outputs === 0),
    `${name}: parts of ${outputs} rows a head must hold whole heads`,
  );
  assert(y.shape[0] === rows, `${name}: y has ${y.shape[0]} rows, x ${rows}`);
  assert(
    xWidth % (4 * heads) === 0 && xWidth >= heads * cols,
    `${name}: rows of x hold ${xWidth} values, which is not ${heads} heads of ${cols} or more`,
  );
  assert(yWidth % heads === 0 && yWidth >= heads * outputs, `${name}: rows of y hold ${yWidth} values`);
  const form = pickForm(variants, rows);
  const kernel = matmulKernel(weight, variants, form, {
    glu: false,
    tail: cols % 32 !== 0,
    addend: false,
    residual: false,
    fold: false,
    heads: true,
  });
  for (const part of weight.parts) {
    const here = part.rows / outputs;
    rec.dispatch({
      kernel,
      bind: [part.quants, part.scales, x, y, stepTensor, x, x],
      params: words(
        outputs,
        0,
        rows,
        Math.ceil(cols / 32),
        cols / 4,
        weight.quantsStride,
        weight.scalesStride,
        yWidth,
        xWidth / 4,
        xWidth / heads / 4,
        yWidth / heads,
        part.firstRow / outputs,
      ),
      workgroups: [Math.ceil(outputs / form.outputs), Math.ceil(rows / form.rows), here],
      bytes:
        part.quants.size +
        (part.scales === part.quants ? 0 : part.scales.size) +
        rows * here * (cols + outputs) * 4,
      flops: 2 * rows * part.rows * cols,
    });
  }
}
