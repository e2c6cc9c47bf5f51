// What a model asks of kernels whose forms are chosen, as plain data: the matrices that most of its bytes are, its
// norms, its attention.

import type { DType } from '@quern/dtypes';
import type { KvShape } from '@quern/kernels';
import type { ModelConfig, WeightRegistry } from '@quern/models';
import type { KvType } from '@quern/spec';

export interface Need {
  /** One of each type, in its most common shape, with all bytes of that type; the most bytes first. */
  readonly matrices: readonly MatrixNeed[];
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  /** Of the most layers. */
  readonly kv: KvShape;
  /** Rows of a prefill chunk. */
  readonly chunkRows: number;
}

export interface MatrixNeed {
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  readonly bytes: number;
}

/** Types with less than this share of the bytes decide nothing. */
const SHARE = 0.1;

export function needOf(
  weights: Pick<WeightRegistry, 'matrices'>,
  config: ModelConfig,
  kv: KvType,
  chunkRows: number,
): Need {
  const { dim, layers, heads, cache } = config;
  const shapes = cache.map((layer) => JSON.stringify({ ...layer, type: kv }));
  return {
    matrices: mostBytes(weights.matrices),
    dim,
    layers,
    heads,
    kv: JSON.parse(mostCommon(shapes, () => 1)) as KvShape,
    chunkRows,
  };
}

/** What distinguishes one need from another, for what is remembered of it. */
export function needKey({ matrices, dim, heads, kv, chunkRows }: Need): unknown {
  const shapes = matrices.map(({ dtype, rows, cols }) => `${dtype.name} ${rows}x${cols}`);
  return { shapes, dim, heads, kv, chunkRows };
}

function mostBytes(all: readonly MatrixNeed[]): MatrixNeed[] {
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...new Set(all.map(({ dtype }) => dtype))]
    .map((dtype) => {
      const same = all.filter((matrix) => matrix.dtype === dtype);
      const common = mostCommon(
        same.map(({ rows, cols }) => `${rows} ${cols}`),
        (i) => same[i]!.bytes,
      );
      const [rows, cols] = common.split(' ').map(Number) as [number, number];
      return { dtype, rows, cols, bytes: same.reduce((sum, { bytes }) => sum + bytes, 0) };
    })
    .filter(({ bytes }) => bytes >= SHARE * total)
    .sort((a, b) => b.bytes - a.bytes);
}

/** The word that weighs most in all. */
function mostCommon(words: readonly string[], weight: (i: number) => number): string {
  const weights = new Map<string, number>();
  for (const [i, word] of words.entries()) weights.set(word, (weights.get(word) ?? 0) + weight(i));
  return [...weights].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
