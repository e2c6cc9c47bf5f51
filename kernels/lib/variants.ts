// The axes on which kernels come in several forms: what a form asks of an adapter, which work it changes, and which
// an adapter gets that nobody measured. The engine's self-test tries the others there.

import type { Caps } from '@quern/gpu';
import { type Numerics, QuernError } from '@quern/spec';

/** Set by the build: a hash of this room. */
declare const QUERN_KERNELS: string | undefined;

/** What tells these kernels from those of another build; undefined where nobody set it. */
export const KERNELS_BUILD = typeof QUERN_KERNELS === 'string' ? QUERN_KERNELS : undefined;

export interface Variants {
  /** Matmuls of few rows, and norms: a thread owns whole results (software adapters), or a workgroup shares them (GPUs). */
  readonly gemv: 'thread' | 'workgroup';
  /** Matmuls of many rows: a thread owns a few results, or a workgroup a tile of them. */
  readonly gemm: 'thread' | 'tile';
  /** A thread (with subgroups four) owns a few queries, or a workgroup a tile of them; RoPE's threads take all heads of a row, or one. */
  readonly attention: 'thread' | 'tile';
  readonly subgroups: 'on' | 'off';
  /**
   * What matmuls of few rows, and of many, multiply: activations as they are, or, where a workgroup shares the results, as
   * bytes with a scale for each 32.
   */
  readonly gemvActivations: 'f32' | 'int8';
  readonly gemmActivations: 'f32' | 'int8';
  /** RMS norms: before the matmuls that read them, or in those of few rows, which saves dispatches. */
  readonly fold: 'on' | 'off';
}

/** Work whose kernels come in forms: matmuls of few rows and of many, a norm with the matmul behind it, attention of one row and of a chunk. */
export type Work = 'gemv' | 'gemm' | 'norm' | 'attend' | 'attend-chunk';

interface Axis<Value extends string> {
  readonly values: readonly Value[];
  /** For an adapter of which nothing but its caps is known. */
  usual(caps: Caps, numerics: Numerics): Value;
  readonly changes: readonly Work[];
  /** Values that not every adapter can run. */
  readonly needs?: { readonly [V in Value]?: { readonly what: string; has(caps: Caps): boolean } };
  /** Values that change results by more than rounding: nobody gets them who did not ask for 'fast' or for them. */
  readonly onlyFast?: readonly Value[];
}

/** Software emulates the dot product, which costs more than what it saves (docs/performance.md). */
const INT8 = {
  usual: ({ dot4, software }: Caps, numerics: Numerics) =>
    numerics === 'fast' && dot4 && !software ? 'int8' : 'f32',
  needs: { int8: { what: 'packed integer dot products', has: ({ dot4 }: Caps) => dot4 } },
  onlyFast: ['int8'],
} as const;

export const AXES: { readonly [A in keyof Variants]: Axis<Variants[A]> } = {
  gemv: {
    values: ['thread', 'workgroup'],
    usual: ({ software }) => (software ? 'thread' : 'workgroup'),
    changes: ['gemv', 'norm'],
  },
  gemm: {
    values: ['thread', 'tile'],
    usual: ({ software }) => (software ? 'thread' : 'tile'),
    changes: ['gemm'],
  },
  attention: {
    values: ['thread', 'tile'],
    usual: ({ software }) => (software ? 'thread' : 'tile'),
    changes: ['attend', 'attend-chunk'],
  },
  subgroups: {
    values: ['off', 'on'],
    usual: ({ subgroups }) => (subgroups ? 'on' : 'off'),
    changes: ['gemv', 'gemm', 'norm', 'attend', 'attend-chunk'],
    needs: { on: { what: 'subgroups', has: ({ subgroups }) => subgroups !== undefined } },
  },
  gemvActivations: {
    values: ['f32', 'int8'],
    changes: ['gemv'],
    ...INT8,
  },
  gemmActivations: {
    values: ['f32', 'int8'],
    changes: ['gemm'],
    ...INT8,
  },
  fold: {
    values: ['off', 'on'],
    usual: () => 'on',
    changes: ['norm'],
  },
};

export type AxisName = keyof Variants;

/** In the order in which they are chosen: an axis may matter only under a value of one before it. */
export const AXIS_NAMES = Object.keys(AXES) as AxisName[];

/** What of an axis this adapter can run, within these numerics. */
export function valuesOn(caps: Caps, axis: AxisName, numerics: Numerics = 'exact'): readonly string[] {
  const onlyFast: readonly string[] = (numerics === 'exact' && AXES[axis].onlyFast) || [];
  return AXES[axis].values.filter(
    (value) => !onlyFast.includes(value) && lacks(caps, axis, value) === undefined,
  );
}

/** Of a choice: 'fast' as soon as one value is, where it matters. */
export function numericsOf(variants: Readonly<Record<string, string>>): Numerics {
  const { gemv, gemm, gemvActivations, gemmActivations } = variants;
  const few = gemv === 'workgroup' && gemvActivations === 'int8';
  const many = gemm === 'tile' && gemmActivations === 'int8';
  return few || many ? 'fast' : 'exact';
}

/** What the adapter lacks for a value, undefined for nothing. */
export function lacks(caps: Caps, axis: AxisName, value: string): string | undefined {
  const needs: Partial<Record<string, { what: string; has(caps: Caps): boolean }>> = AXES[axis].needs ?? {};
  const need = needs[value];
  return need && !need.has(caps) ? need.what : undefined;
}

/** The usual ones for this adapter with `forced` on top. Throws 'invalid-request' for what is not there. */
export function chooseVariants(
  caps: Caps,
  forced: Readonly<Record<string, string>> = {},
  numerics: Numerics = 'exact',
): Variants {
  for (const [axis, value] of Object.entries(forced)) checkForced(caps, axis, value);
  const usual = AXIS_NAMES.map((axis) => [axis, AXES[axis].usual(caps, numerics)]);
  return { ...Object.fromEntries(usual), ...forced };
}

function checkForced(caps: Caps, axis: string, value: string): void {
  const known = Object.hasOwn(AXES, axis) && (AXES[axis as AxisName].values as readonly string[]);
  if (!known || !known.includes(value)) {
    const all = AXIS_NAMES.map((name) => `${name}=${AXES[name].values.join('|')}`);
    throw new QuernError('invalid-request', `No variant ${axis}=${value}. There are ${all.join(', ')}.`);
  }
  const missing = lacks(caps, axis as AxisName, value);
  if (missing !== undefined) {
    throw new QuernError(
      'invalid-request',
      `Variant ${axis}=${value} needs an adapter with ${missing}; this one has none.`,
    );
  }
}
