// The axes on which kernels come in several forms, and which form an adapter gets.

import type { Caps } from '@quern/gpu';
import { QuernError } from '@quern/spec';

export interface Variants {
  /** Matmuls of few rows, and norms: a thread owns whole results (software adapters), or a workgroup shares them (GPUs). */
  readonly gemv: 'thread' | 'workgroup';
  /** Matmuls of many rows: a thread owns a few results, or a workgroup a tile of them. */
  readonly gemm: 'thread' | 'tile';
  readonly attention: 'thread' | 'tile';
  readonly subgroups: 'on' | 'off';
  /** How packed bytes become floats: integers, or the normalising unpack (one ulp off, faster in software). */
  readonly unpack: 'exact' | 'unorm';
}

const AXES = {
  gemv: ['thread', 'workgroup'],
  gemm: ['thread', 'tile'],
  attention: ['thread', 'tile'],
  subgroups: ['off', 'on'],
  unpack: ['exact', 'unorm'],
} as const satisfies { [A in keyof Variants]: readonly Variants[A][] };

/** The default for this adapter with `forced` on top. Throws 'invalid-request' for what is not there. */
export function chooseVariants(caps: Caps, forced: Readonly<Record<string, string>> = {}): Variants {
  for (const [axis, value] of Object.entries(forced)) {
    const values: readonly string[] | undefined = AXES[axis as keyof typeof AXES];
    if (!values?.includes(value)) {
      const known = Object.entries(AXES).map(([name, all]) => `${name}=${all.join('|')}`);
      throw new QuernError('invalid-request', `No variant ${axis}=${value}. There are ${known.join(', ')}.`);
    }
  }
  if (forced['subgroups'] === 'on' && !caps.subgroups) {
    throw new QuernError(
      'invalid-request',
      'Variant subgroups=on needs an adapter with subgroups; this one has none.',
    );
  }
  return {
    gemv: caps.software ? 'thread' : 'workgroup',
    gemm: caps.software ? 'thread' : 'tile',
    attention: caps.software ? 'thread' : 'tile',
    subgroups: caps.subgroups ? 'on' : 'off',
    unpack: caps.software ? 'unorm' : 'exact',
    ...forced,
  };
}
