// The same matrix of every expert of a layer, one below the other: [experts * rows, cols]. What exceeds an
// adapter's binding is split between experts, so that an expert is always read from one weight.

import type { DType } from '@quern/dtypes';
import type { Arena, Caps, Uploader } from '@quern/gpu';
import { QuernError } from '@quern/spec';
import {
  createWeight,
  destroyWeight,
  fitsOnePart,
  roomOf,
  weightBytes,
  type Weight,
  writeRows,
} from './weight.ts';

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
  arena?: Arena,
): ExpertWeight {
  const fits = (count: number) => fitsWhole(caps, dtype, count * rows, cols);
  let most = experts;
  while (most > 0 && !fits(most)) most--;
  if (most === 0) {
    throw new QuernError(
      'webgpu-unavailable',
      `${name}: one expert's ${rows} rows of ${cols} ${dtype.name} values take ${weightBytes(dtype, rows, cols)} bytes; ${roomOf(caps)}.`,
    );
  }
  const parts = [];
  for (let firstExpert = 0; firstExpert < experts; firstExpert += most) {
    const count = Math.min(most, experts - firstExpert);
    const weight = createWeight(device, caps, name, dtype, count * rows, cols, undefined, arena);
    parts.push({ weight, firstExpert, experts: count });
  }
  const byteLength = parts.reduce((sum, { weight }) => sum + weight.byteLength, 0);
  return { name, dtype, experts, rows, cols, parts, byteLength };
}

/** True if so many rows are never cut: weights are cut at multiples of 8 rows. */
export function fitsWhole(caps: Caps, dtype: DType, rows: number, cols: number): boolean {
  return fitsOnePart(caps, dtype, Math.ceil(rows / 8) * 8, cols);
}

export interface ExpertRows {
  /** The first row and their number, counted through all experts, `rowsEach` of each. */
  readonly first: number;
  readonly count: number;
  readonly rowsEach: number;
  /** Where an expert's rows lie in the expert's matrix. */
  readonly at: number;
  /** An expert's even rows stand first there, its odd ones behind them. */
  readonly interleaved?: boolean;
}

/** Queues rows for upload, as they stand in the file; `stored` is the type of their bytes, as in `writeRows`. */
export function writeExpertRows(
  upload: Uploader,
  target: ExpertWeight,
  { first, count, rowsEach, at, interleaved = false }: ExpertRows,
  bytes: Uint8Array,
  stored: DType = target.dtype,
): void {
  const rowBytes = bytes.byteLength / count;
  const end = first + count;
  for (let row = first; row < end;) {
    const expert = Math.floor(row / rowsEach);
    const until = Math.min(end, (expert + 1) * rowsEach);
    const part = target.parts.find((p) => expert < p.firstExpert + p.experts)!;
    const place = (expert - part.firstExpert) * target.rows + at;
    const within = row - expert * rowsEach;
    const slice = bytes.subarray((row - first) * rowBytes, (until - first) * rowBytes);
    if (!interleaved) writeRows(upload, part.weight, place + within, until - row, slice, stored);
    else {
      for (const odd of [0, 1]) {
        const skipped = (within + odd) % 2;
        const half = everyOther(slice, rowBytes, skipped);
        const halfway = place + (odd * rowsEach) / 2 + (within + skipped - odd) / 2;
        if (half.length > 0) writeRows(upload, part.weight, halfway, half.length / rowBytes, half, stored);
      }
    }
    row = until;
  }
}

/** Rows `first`, `first` + 2, `first` + 4 ... */
function everyOther(rows: Uint8Array, rowBytes: number, first: number): Uint8Array {
  const count = Math.ceil((rows.length / rowBytes - first) / 2);
  const half = new Uint8Array(count * rowBytes);
  for (let i = 0; i < count; i++) {
    const at = (first + 2 * i) * rowBytes;
    half.set(rows.subarray(at, at + rowBytes), i * rowBytes);
  }
  return half;
}

export function destroyExpertWeight(target: ExpertWeight): void {
  for (const { weight } of target.parts) destroyWeight(weight);
}
