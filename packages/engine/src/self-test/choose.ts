// Which variants are taken, by what a bench finds of them: wrong ones never, and others than the usual ones only where
// they win clearly.

import type { Caps } from '@quern/gpu';
import type { AxisName, Work } from '@quern/kernels';
import { type Numerics, QuernError, type VariantChoice } from '@quern/spec';
import type { Tools } from './tools.ts';

export type Chosen = Readonly<Record<string, string>>;

export interface Comparison {
  /** Milliseconds a token. */
  readonly usual: number;
  readonly other: number;
  /** Of the usual one's time, what the other surely needs no more than: noise counts against it. */
  readonly share: number;
}

/** Why results are not taken. */
export interface Refusal {
  readonly wrong: string;
}

export interface TrialBench {
  /** What it has trials of. */
  readonly works: readonly Work[];
  /** True when no more should be tried. */
  readonly over: boolean;
  /** What is wrong with the results of these variants, undefined for nothing: however long that takes. */
  wrong(variants: Chosen): Promise<string | undefined>;
  /**
   * The other beside one that computes right, work by work as long as there is hope for it; undefined where nothing
   * differs, or not all was there in time.
   */
  compare(usual: Chosen, other: Chosen, works: readonly Work[]): Promise<Comparison | Refusal | undefined>;
}

export interface Findings {
  readonly variants: Record<string, string>;
  /** By axis. */
  readonly choices: Record<string, VariantChoice>;
  /** False where the time was over before all was tried. */
  readonly complete: boolean;
  /** That the usual variants are wrong here, or those forced. */
  readonly warning?: string;
}

/** Another value must take at most this share of the usual one's time. */
const WIN = 0.85;

export interface ChooseOptions {
  bench: TrialBench;
  axes: Pick<Tools, 'AXES' | 'AXIS_NAMES' | 'valuesOn'>;
  caps: Caps;
  numerics: Numerics;
  /** What such an adapter gets untried, with those forced on top. */
  usual: Chosen;
  forced: Chosen;
  /** Called with the first variants that are right, before others are tried beside them. */
  settled(variants: Chosen): Promise<unknown>;
}

/** Throws 'gpu-error' where every variant computes wrong. */
export async function choose(options: ChooseOptions): Promise<Findings> {
  const { bench, usual, forced } = options;
  const { AXIS_NAMES } = options.axes;
  const free = AXIS_NAMES.filter((axis) => !(axis in forced));
  const right = await soundStart(options, free);
  let current = right.variants;
  await options.settled(current);
  const choices: Record<string, VariantChoice> = {};
  for (const axis of AXIS_NAMES) {
    if (!free.includes(axis)) {
      choices[axis] = { value: current[axis]!, by: 'forced' };
      continue;
    }
    const before = usual[axis]!;
    const refused: Record<string, string> = {};
    if (current[axis] !== before) refused[before] = right.wrong!;
    const found = await bestOf(axis, current, refused, options);
    current = { ...current, [axis]: found.value };
    const tested = found.milliseconds !== undefined || Object.keys(refused).length > 0;
    choices[axis] = {
      value: found.value,
      by: tested ? 'measured' : 'usual',
      ...(found.milliseconds && { milliseconds: found.milliseconds }),
      ...(Object.keys(refused).length > 0 && { refused }),
    };
  }
  return {
    variants: { ...current },
    choices,
    complete: !bench.over,
    ...(right.warning !== undefined && { warning: right.warning }),
  };
}

/** The value of an axis that is fastest by a clear win, the others as in `base`. Adds to `refused` what is wrong. */
async function bestOf(
  axis: AxisName,
  base: Chosen,
  refused: Record<string, string>,
  { bench, axes, caps, numerics }: ChooseOptions,
): Promise<{ value: string; milliseconds?: Record<string, number> }> {
  const start = base[axis]!;
  const works = axes.AXES[axis].changes.filter((work) => bench.works.includes(work));
  let best = { value: start, share: WIN };
  let milliseconds: Record<string, number> | undefined;
  for (const value of axes.valuesOn(caps, axis, numerics)) {
    if (value === start || value in refused || works.length === 0 || bench.over) continue;
    const other = { ...base, [axis]: value };
    const found = await bench.compare(base, other, works);
    if (!found) continue;
    if ('wrong' in found) {
      refused[value] = found.wrong;
      continue;
    }
    milliseconds = { ...milliseconds, [start]: found.usual, [value]: found.other };
    if (found.share <= best.share) best = { value, share: found.share };
  }
  return { value: best.value, ...(milliseconds && { milliseconds }) };
}

interface Start {
  readonly variants: Chosen;
  /** Of the usual ones. */
  readonly wrong?: string;
  readonly warning?: string;
}

/** The usual variants, or if they compute wrong those that do not and differ in the fewest axes. */
async function soundStart(
  { bench, axes, caps, numerics, usual, forced }: ChooseOptions,
  free: readonly AxisName[],
): Promise<Start> {
  const wrong = await bench.wrong(usual);
  if (wrong === undefined) return { variants: usual };
  for (const variants of others(usual, free, (axis) => axes.valuesOn(caps, axis, numerics))) {
    if ((await bench.wrong(variants)) !== undefined) continue;
    const changed = free.filter((axis) => variants[axis] !== usual[axis]);
    const taken = changed.map((axis) => `${axis}=${variants[axis]} instead of ${usual[axis]}`);
    return {
      variants,
      wrong,
      warning: `A kernel computes wrong on this adapter (${wrong}). Other ones are used: ${taken.join(', ')}.`,
    };
  }
  if (Object.keys(forced).length > 0) {
    return { variants: usual, wrong, warning: `Variants that were forced compute wrong here (${wrong}).` };
  }
  const { vendor, architecture, device, description } = caps;
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'This adapter';
  throw new QuernError(
    'gpu-error',
    `${name} computes wrong, whatever the kernel: ${wrong}. A newer graphics driver or browser may do better, or ` +
      'another of the two; nothing that a model says here could be trusted.',
  );
}

/** Every other combination of the free axes, those with the fewest changes first. */
function others(
  usual: Chosen,
  free: readonly AxisName[],
  valuesOf: (axis: AxisName) => readonly string[],
): Chosen[] {
  let all: Array<{ variants: Chosen; changes: number }> = [{ variants: usual, changes: 0 }];
  for (const axis of free) {
    all = all.flatMap(({ variants, changes }) =>
      valuesOf(axis).map((value) => ({
        variants: { ...variants, [axis]: value },
        changes: changes + (value === usual[axis] ? 0 : 1),
      })),
    );
  }
  return all
    .filter(({ changes }) => changes > 0)
    .sort((a, b) => a.changes - b.changes)
    .map(({ variants }) => variants);
}
