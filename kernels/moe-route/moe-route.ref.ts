import type { Routing } from './moe-route.ts';

/** logits of one row -> its experts, best first, and their weights. */
export function moeRouteRef(
  logits: ArrayLike<number>,
  used: number,
  { score, normalised, scale, groups }: Routing,
  bias?: ArrayLike<number>,
): Array<{ expert: number; weight: number }> {
  const all = Array.from(logits);
  const softmax = (values: number[]) => {
    const most = Math.max(...values);
    const powers = values.map((v) => Math.exp(v - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((v) => v / sum);
  };
  const scores =
    score === 'softmax' ? softmax(all) : score === 'sigmoid' ? all.map((v) => 1 / (1 + Math.exp(-v))) : all;
  const standing = scores.map((value, e) => value + (bias?.[e] ?? 0));
  const best = (values: number[], count: number) =>
    values
      .map((value, i) => ({ value, i }))
      .toSorted((a, b) => b.value - a.value || a.i - b.i)
      .slice(0, count)
      .map(({ i }) => i);
  let open = all.map((_, e) => e);
  if (groups) {
    const size = all.length / groups.count;
    const groupStanding = Array.from({ length: groups.count }, (_, g) => {
      const own = standing.slice(g * size, (g + 1) * size).toSorted((a, b) => b - a);
      return groups.by === 'best' ? own[0]! : own[0]! + own[1]!;
    });
    const kept = new Set(best(groupStanding, groups.kept));
    open = open.filter((e) => kept.has(Math.floor(e / size)));
  }
  const chosen = best(
    open.map((e) => standing[e]!),
    used,
  ).map((i) => open[i]!);
  let weights = chosen.map((e) => scores[e]!);
  if (score === 'softmax_chosen') weights = softmax(weights);
  else if (normalised) {
    const sum = weights.reduce((a, b) => a + b, 0);
    weights = weights.map((w) => w / sum);
  }
  return chosen.map((expert, i) => ({ expert, weight: weights[i]! * scale }));
}
