// Filters and draw by sorting, in f64, with the op's noise.

import type { SamplingOptions } from '@quern/spec';

export interface Survivors {
  /** Best first. */
  readonly ids: readonly number[];
  /** Of each id: softmax among the survivors. */
  readonly probabilities: readonly number[];
  /** How far top-p's goal lay from tipping over, as a part of the mass: below 1e-5 rounding may decide. */
  readonly margin: number;
}

/** What top-k, top-p and min-p leave of a row. */
export function survivorsRef(scores: ArrayLike<number>, options: SamplingOptions): Survivors {
  const { temperature, topK, topP, minP } = options;
  let ids = Array.from({ length: scores.length }, (_, id) => id).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  );
  if (temperature <= 0) return { ids: [ids[0]!], probabilities: [1], margin: 1 };
  const best = scores[ids[0]!]!;
  const weight = (id: number) => Math.exp((scores[id]! - best) / temperature);
  let margin = 1;
  if (topK > 0) ids = ids.slice(0, topK);
  if (topP < 1) {
    const total = ids.reduce((sum, id) => sum + weight(id), 0);
    let mass = 0;
    let count = 0;
    while (count < ids.length && (count === 0 || mass < topP * total)) {
      margin = Math.min(margin, count > 0 ? (topP * total - mass) / total : 1);
      mass += weight(ids[count++]!);
    }
    margin = Math.min(margin, (mass - topP * total) / total);
    ids = ids.slice(0, count);
  }
  if (minP > 0) ids = ids.filter((id) => weight(id) >= Math.min(1, minP));
  const total = ids.reduce((sum, id) => sum + weight(id), 0);
  return { ids, probabilities: ids.map((id) => weight(id) / total), margin };
}

/** The id that seed and position draw among the survivors, and by how much it beats the next. */
export function drawRef(
  scores: ArrayLike<number>,
  options: SamplingOptions,
  position: number,
): { id: number; lead: number } {
  const { ids } = survivorsRef(scores, options);
  if (ids.length === 1) return { id: ids[0]!, lead: Infinity };
  let id = -1;
  let first = -Infinity;
  let second = -Infinity;
  for (const candidate of ids) {
    const value = scores[candidate]! / options.temperature + gumbelRef(options.seed, position, candidate);
    if (value > first) {
      second = first;
      first = value;
      id = candidate;
    } else if (value > second) {
      second = value;
    }
  }
  return { id, lead: first - second };
}

/** Gumbel noise of gumbel.wgsl. */
export function gumbelRef(seed: number, position: number, id: number): number {
  const bits = BigInt.asUintN(64, BigInt(seed));
  const hashed = hash(id, position, Number(bits & 0xffffffffn), Number(bits >> 32n));
  return -Math.log(-Math.log1p(-(hashed + 0.5) / 2 ** 32));
}

/** pcg4d of Jarzynski and Olano (JCGT 2020), its last word. */
function hash(...seed: [number, number, number, number]): number {
  let [x, y, z, w] = seed.map((v) => (Math.imul(v, 1664525) + 1013904223) | 0) as typeof seed;
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  mix();
  return w >>> 0;
}
