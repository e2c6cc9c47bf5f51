// y[r, column + o] = sum over k of x[r, k] * W[o, k], then bias, gate and residual. One op; the thread
// mapping is a variant, the weight type a module.

import type { Kernel, Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import int8Rows from '../lib/int8_rows.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import reduceRows from '../lib/reduce_rows.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import type { Weight } from '../lib/weight.ts';
import { words } from '../lib/words.ts';
import xGroup from '../lib/x_group.wgsl?raw';
import { threadConditions, weightModules } from '../quant/index.ts';
import { GROUP_WORDS, quantize } from '../quantize/quantize.ts';
import { int8Form } from './int8-form.ts';
import io from './matmul_io.wgsl?raw';
import thread from './matmul_thread.wgsl?raw';
import threadRows from './matmul_thread_rows.wgsl?raw';
import tile from './matmul_tile.wgsl?raw';
import workgroup from './matmul_workgroup.wgsl?raw';

export interface MatmulOptions {
  weight: Weight;
  /** [rows, K] f32. */
  x: Tensor;
  /** [rows, columns] f32. */
  y: Tensor;
  /** First column of y that is written; default 0. */
  column?: number;
  /** The step's rows: those beyond its live ones may be left undone. */
  step: Tensor;
  /** Added per output: [columns of y], read at the column written. */
  bias?: Tensor | undefined;
  /** The weight is gate above up, each of `weight.rows / 2` rows: y = silu(gate) * up (SwiGLU, arXiv 2002.05202). */
  glu?: boolean;
  /** [rows, columns], added last. */
  residual?: Tensor;
  /** x is RMS normed as it is read: only where `foldsNorm`, and without a residual. */
  norm?: FoldedNorm | undefined;
}

/** x / sqrt(mean(x^2) + epsilon) * weight, weight [K] f32 (arXiv 1910.07467). */
export interface FoldedNorm {
  readonly weight: Tensor;
  readonly epsilon: number;
}

/** True where a matmul of so many rows can norm them itself, and better than a kernel before it. */
export function foldsNorm(rec: Recorder, weight: Weight, rows: number): boolean {
  const variants = rec.variants as unknown as Variants;
  return variants.fold === 'on' && ['workgroup', 'thread'].includes(formOf(variants, weight, rows).form.name);
}

/** At most this many rows are computed row by row; more go to the tiled form. */
const GEMV_ROWS = 8;

export function matmul(rec: Recorder, options: MatmulOptions): void {
  const { weight, x, y, bias, residual, norm, glu = false, column = 0 } = options;
  const rows = x.shape[0]!;
  const variants = rec.variants as unknown as Variants;
  assert(
    x.shape[1] === weight.cols && y.shape[0] === rows,
    `${weight.name}: x [${x.shape}], y [${y.shape}], weight [${weight.rows},${weight.cols}]`,
  );
  assert(!glu || weight.parts.length === 1, `${weight.name}: a gated weight must lie in one part`);
  assert(!residual || residual.byteLength === y.byteLength, `${weight.name}: residual and y differ in shape`);
  const outputs = glu ? weight.rows / 2 : weight.rows;
  const columns = y.shape[1]!;
  assert(
    column + outputs <= columns,
    `${weight.name}: ${outputs} outputs from column ${column} of ${columns}`,
  );
  assert(
    !norm || (!residual && foldsNorm(rec, weight, rows) && norm.weight.shape[0] === weight.cols),
    `${weight.name}: no norm of ${norm?.weight.shape[0]} weights is folded in here`,
  );
  const { form, int8 } = formOf(variants, weight, rows);
  const input = int8 ? asInt8(rec, options) : x;
  const kernel = matmulKernel(weight, variants, form, {
    glu,
    fold: norm !== undefined,
    tail: weight.cols % 32 !== 0,
    addend: bias !== undefined,
    residual: residual !== undefined,
    heads: false,
  });
  for (const part of weight.parts) {
    const count = glu ? outputs : part.rows;
    const along = Math.ceil(count / (form.outputs / (glu ? 2 : 1)));
    const most = rec.gpu.caps.limits.maxComputeWorkgroupsPerDimension;
    const folds = Math.ceil(along / most);
    rec.dispatch({
      kernel,
      bind: [
        part.quants,
        part.scales,
        input,
        y,
        options.step,
        bias ?? input,
        norm?.weight ?? residual ?? input,
      ],
      params: words(
        count,
        column + part.firstRow,
        rows,
        Math.ceil(weight.cols / 32),
        weight.cols / 4,
        weight.quantsStride,
        weight.scalesStride,
        columns,
        ...(norm ? [{ f32: norm.epsilon }] : []),
      ),
      workgroups: [Math.ceil(along / folds), Math.ceil(rows / form.rows), folds],
      bytes:
        part.quants.size +
        (part.scales === part.quants ? 0 : part.scales.size) +
        input.byteLength +
        rows * count * 4,
      flops: 2 * rows * part.rows * weight.cols,
    });
  }
}

function asInt8(rec: Recorder, { weight, x, step: stepTensor }: MatmulOptions): Tensor {
  const y = rec.scratch(`${weight.name} x int8`, [x.shape[0]!, (weight.cols / 32) * GROUP_WORDS]);
  quantize(rec, { x, step: stepTensor, y });
  return y;
}

export interface MatmulForm {
  name: string;
  main: string;
  byThread: boolean;
  /** Weight rows and rows of x that a workgroup covers. */
  outputs: number;
  rows: number;
  /** What it has besides the mapping's own. */
  conditions?: Record<string, boolean>;
}

/** The thread mapping for so many rows of x, as floats. */
export function pickForm(variants: Variants, rows: number): MatmulForm {
  const few = rows <= GEMV_ROWS;
  if ((few ? variants.gemv : variants.gemm) === 'thread') {
    if (rows > 1) return { name: 'thread-rows', main: threadRows, byThread: true, outputs: 32, rows: 32 };
    return { name: 'thread', main: thread, byThread: true, outputs: 32, rows: 1 };
  }
  if (!few) return { name: 'tile', main: tile, byThread: false, outputs: 64, rows: 64 };
  const shared = rows >= 5 ? 8 : rows >= 3 ? 4 : rows;
  return { name: 'workgroup', main: workgroup, byThread: false, outputs: 4, rows: shared };
}

function formOf(variants: Variants, weight: Weight, rows: number): { form: MatmulForm; int8: boolean } {
  const floats = pickForm(variants, rows);
  const int8 = int8Form(variants, weight, floats, rows <= GEMV_ROWS);
  return { form: int8 ?? floats, int8: int8 !== undefined };
}

/** `heads`: the grid's third dimension counts heads with a matrix each (head-matmul). */
export function matmulKernel(
  weight: Weight,
  variants: Variants,
  { name, main, byThread, rows, conditions: ofForm }: MatmulForm,
  conditions: Record<'glu' | 'tail' | 'addend' | 'residual' | 'heads' | 'fold', boolean>,
): Kernel {
  return defineKernel({
    name: `matmul-${name} ${weight.dtype.name}`,
    main,
    modules: {
      ...weightModules(weight.dtype),
      matmul_io: io,
      x_group: xGroup,
      int8_rows: int8Rows,
      step,
      reduce_rows: reduceRows,
    },
    conditions: {
      ...conditions,
      ...(byThread
        ? threadConditions(variants, weight.dtype, rows === 1)
        : { two: rows >= 2, four: rows >= 4, eight: rows >= 8 }),
      ...ofForm,
    },
    // The sums of the rows, and with them four rows' squares each.
    constants: { ROWS: rows, SUMS: rows + (conditions.fold ? Math.ceil(rows / 4) : 0) },
    bindings: ['read', 'read', 'read', 'write', 'read', 'read', 'read', 'uniform'],
  });
}
