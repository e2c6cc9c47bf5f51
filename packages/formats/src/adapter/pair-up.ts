// Halves of low-rank pairs, by the name of the weight that they add to -> whole ones, checked.

import type { TensorInfo } from '@quern/dtypes';
import { QuernError } from '@quern/spec';
import type { LowRank } from './adapter-file.ts';

export interface Half {
  readonly weight: string;
  readonly half: 'a' | 'b';
  readonly tensor: TensorInfo;
}

/** Ranks beyond it make no sense, and would make plans of the GPU large. */
const MAX_RANK = 4096;

/** Throws 'corrupt-file' for halves without the other and for shapes that do not fit each other. */
export function pairUp(
  halves: readonly Half[],
  scaleOf: (weight: string, rank: number) => number,
): Map<string, LowRank> {
  const found = new Map<string, { a?: TensorInfo; b?: TensorInfo }>();
  for (const { weight, half, tensor } of halves) {
    const pair = found.get(weight) ?? {};
    if (pair[half]) throw wrong(weight, `has its ${half.toUpperCase()} twice`);
    found.set(weight, { ...pair, [half]: tensor });
  }
  if (found.size === 0) throw new QuernError('corrupt-file', 'the adapter has no LoRA tensors');
  return new Map(
    [...found].map(([weight, { a, b }]) => {
      if (!a || !b) throw wrong(weight, `lacks its ${a ? 'B' : 'A'}`);
      const rank = a.shape[0] ?? 0;
      const matrices = a.shape.length === 2 && b.shape.length === 2;
      if (!matrices || rank < 1 || rank > MAX_RANK || b.shape[1] !== rank) {
        throw wrong(weight, `has an A of ${a.shape.join(' x ')} and a B of ${b.shape.join(' x ')}`);
      }
      const scale = scaleOf(weight, rank);
      if (!Number.isFinite(scale)) throw wrong(weight, `would be scaled by ${scale}`);
      return [weight, { a, b, scale }];
    }),
  );
}

function wrong(weight: string, what: string): QuernError {
  return new QuernError('corrupt-file', `the adapter's addition to '${weight}' ${what}`);
}
