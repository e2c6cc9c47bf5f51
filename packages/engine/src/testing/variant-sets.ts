// Choices of exact variants that between them have every pair of values of two axes: what a suite runs through instead of
// every combination.

import type { Caps } from '@quern/gpu';
import { AXES, AXIS_NAMES, lacks, valuesOn } from '@quern/kernels';

type Choice = Record<string, string>;

export interface VariantSets {
  readonly sets: Choice[];
  /** Values that the adapter cannot run, and what it lacks: 'subgroups=on needs subgroups'. */
  readonly missing: string[];
}

export function variantSets(caps: Caps): VariantSets {
  const axes = AXIS_NAMES.map((axis) => valuesOn(caps, axis).map((value) => [axis, value] as const));
  const all = axes.reduce<Choice[]>(
    (choices, values) =>
      choices.flatMap((choice) => values.map(([axis, value]) => ({ ...choice, [axis]: value }))),
    [{}],
  );
  const open = new Set(all.flatMap(pairsOf));
  const sets: Choice[] = [];
  while (open.size > 0) {
    const gain = (choice: Choice) => pairsOf(choice).filter((pair) => open.has(pair)).length;
    const best = all.reduce((most, choice) => (gain(choice) > gain(most) ? choice : most));
    for (const pair of pairsOf(best)) open.delete(pair);
    sets.push(best);
  }
  const missing = AXIS_NAMES.flatMap((axis) =>
    AXES[axis].values.flatMap((value) => {
      const onlyFast: readonly string[] = AXES[axis].onlyFast ?? [];
      const what = onlyFast.includes(value) ? undefined : lacks(caps, axis, value);
      return what === undefined ? [] : [`${axis}=${value} needs ${what}`];
    }),
  );
  return { sets, missing };
}

/** Every two axes of a choice with their values. */
function pairsOf(choice: Choice): string[] {
  const entries = Object.entries(choice);
  return entries.flatMap(([axis, value], i) =>
    entries.slice(i + 1).map(([other, its]) => `${axis}=${value} ${other}=${its}`),
  );
}
