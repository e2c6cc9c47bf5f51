// What a model asks of kernels whose forms are chosen, as plain data: the matrices that most of its bytes are, its
// norms, its attention.

import type { DType } from '@quern/dtypes';
import type { KvShape } from '@quern/kernels';
import type { ModelConfig, WeightRegistry } from '@quern/models';
import type { KvType } from '@quern/spec';

export interface Need {
  /** One of each type, plain or of experts, in its most common shape, with all bytes of its kind; the most bytes first. */
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
  /** More than 1: `rows` is one expert's. */
  readonly experts: number;
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
    matrices: mostBytes(weights.matrices.map(matrixNeed)),
    dim,
    layers,
    heads,
    kv: JSON.parse(mostCommon(shapes, () => 1)) as KvShape,
    chunkRows,
  };
}

/** What distinguishes one need from another, for what is remembered of it. */
export function needKey({ matrices, dim, heads, kv, chunkRows }: Need): unknown {
  const shapes = matrices.map(({ dtype, rows, cols, experts }) => `${dtype.name} ${rows}x${cols} ${experts}`);
  return { shapes, dim, heads, kv, chunkRows };
}

function matrixNeed(weight: WeightRegistry['matrices'][number]): MatrixNeed {
  const { dtype, rows, cols, byteLength: bytes } = weight;
  return { dtype, rows, cols, experts: 'experts' in weight ? weight.experts : 1, bytes };
}

function mostBytes(all: readonly MatrixNeed[]): MatrixNeed[] {
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const kindOf = ({ dtype, experts }: MatrixNeed) => `${dtype.name} ${experts}`;
  return [...new Set(all.map(kindOf))]
    .map((kind) => {
      const same = all.filter((matrix) => kindOf(matrix) === kind);
      const shapes = same.map(({ rows, cols }) => `${rows} ${cols}`);
      const [rows, cols] = mostCommon(shapes, (i) => same[i]!.bytes)
        .split(' ')
        .map(Number) as [number, number];
      const { dtype, experts } = same[0]!;
      return { dtype, rows, cols, experts, bytes: same.reduce((sum, { bytes }) => sum + bytes, 0) };
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
