// The axes on which kernels come in several forms: what a form asks of an adapter, which work it changes, and which
// an adapter gets that nobody measured. The engine's self-test tries the others there.

import type { Caps } from '@quern/gpu';
import { QuernError } from '@quern/spec';

export interface Variants {
  /** Matmuls of few rows, and norms: a thread owns whole results (software adapters), or a workgroup shares them (GPUs). */
  readonly gemv: 'thread' | 'workgroup';
  /** Matmuls of many rows: a thread owns a few results, or a workgroup a tile of them. */
  readonly gemm: 'thread' | 'tile';
  readonly attention: 'thread' | 'tile';
  readonly subgroups: 'on' | 'off';
}

/** Work whose kernels come in forms: matmuls of few rows and of many, norms, attention of one row and of a chunk. */
export type Work = 'gemv' | 'gemm' | 'norm' | 'attend' | 'attend-chunk';

interface Axis<Value extends string> {
  readonly values: readonly Value[];
  /** For an adapter of which nothing but its caps is known. */
  usual(caps: Caps): Value;
  readonly changes: readonly Work[];
  /** Values that not every adapter can run. */
  readonly needs?: { readonly [V in Value]?: { readonly what: string; has(caps: Caps): boolean } };
}

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
    changes: ['gemv', 'gemm', 'norm'],
    needs: { on: { what: 'subgroups', has: ({ subgroups }) => subgroups !== undefined } },
  },
};

export type AxisName = keyof Variants;

/** In the order in which they are chosen: an axis may matter only under a value of one before it. */
export const AXIS_NAMES = Object.keys(AXES) as AxisName[];

/** What of an axis this adapter can run. */
export function valuesOn(caps: Caps, axis: AxisName): readonly string[] {
  return AXES[axis].values.filter((value) => lacks(caps, axis, value) === undefined);
}

/** What the adapter lacks for a value, undefined for nothing. */
export function lacks(caps: Caps, axis: AxisName, value: string): string | undefined {
  const needs: Partial<Record<string, { what: string; has(caps: Caps): boolean }>> = AXES[axis].needs ?? {};
  const need = needs[value];
  return need && !need.has(caps) ? need.what : undefined;
}

/** The usual ones for this adapter with `forced` on top. Throws 'invalid-request' for what is not there. */
export function chooseVariants(caps: Caps, forced: Readonly<Record<string, string>> = {}): Variants {
  for (const [axis, value] of Object.entries(forced)) checkForced(caps, axis, value);
  const usual = AXIS_NAMES.map((axis) => [axis, AXES[axis].usual(caps)]);
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
