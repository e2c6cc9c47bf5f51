// The same matrix of every expert of a layer, one below the other: [experts * rows, cols]. What exceeds an
// adapter's binding is split between experts, so that an expert is always read from one weight.

import type { DType } from '@quern/dtypes';
import type { Caps } from '@quern/gpu';
import { QuernError } from '@quern/spec';
import { createWeight, destroyWeight, fitsOnePart, type Weight, writeRows } from './weight.ts';

export interface ExpertWeight {
  readonly name: string;
  readonly dtype: DType;
  readonly experts: number;
  /** Rows of one expert, and their length. */
  readonly rows: number;
  readonly cols: number;
  readonly parts: ReadonlyArray<{
    readonly weight: Weight;
    readonly firstExpert: number;
    readonly experts: number;
  }>;
  readonly byteLength: number;
}

/** Allocates it; `writeExpertRows` fills it. Throws 'webgpu-unavailable' where one expert is too large. */
export function createExpertWeight(
  device: GPUDevice,
  caps: Caps,
  name: string,
  dtype: DType,
  { experts, rows, cols }: { experts: number; rows: number; cols: number },
): ExpertWeight {
  // Weights are cut at multiples of 8 rows.
  const fits = (count: number) => fitsOnePart(caps, dtype, Math.ceil((count * rows) / 8) * 8, cols);
  let most = experts;
  while (most > 0 && !fits(most)) most--;
  if (most === 0) {
    throw new QuernError(
      'webgpu-unavailable',
      `${name}: one expert of ${rows} rows of ${cols} values exceeds this adapter's buffers.`,
    );
  }
  const parts = [];
  for (let firstExpert = 0; firstExpert < experts; firstExpert += most) {
    const count = Math.min(most, experts - firstExpert);
    const weight = createWeight(device, caps, name, dtype, count * rows, cols);
    parts.push({ weight, firstExpert, experts: count });
  }
  const byteLength = parts.reduce((sum, { weight }) => sum + weight.byteLength, 0);
  return { name, dtype, experts, rows, cols, parts, byteLength };
}

/**
 * Queues `count` rows as they stand in the file for upload, from row `firstRow` of `expert` on; they may go on
 * into the next experts, `rowsEach` of them an expert, which lie at row `at` of each.
 */
export function writeExpertRows(
  queue: GPUQueue,
  target: ExpertWeight,
  { first, count, rowsEach, at }: { first: number; count: number; rowsEach: number; at: number },
  bytes: Uint8Array,
): void {
  const rowBytes = bytes.byteLength / count;
  const end = first + count;
  for (let row = first; row < end;) {
    const expert = Math.floor(row / rowsEach);
    const until = Math.min(end, (expert + 1) * rowsEach);
    const part = target.parts.find((p) => expert < p.firstExpert + p.experts)!;
    const to = (expert - part.firstExpert) * target.rows + at + (row - expert * rowsEach);
    const slice = bytes.subarray((row - first) * rowBytes, (until - first) * rowBytes);
    writeRows(queue, part.weight, to, until - row, slice);
    row = until;
  }
}

export function destroyExpertWeight(target: ExpertWeight): void {
  for (const { weight } of target.parts) destroyWeight(weight);
}
