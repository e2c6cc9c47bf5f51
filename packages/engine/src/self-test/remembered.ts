// What an earlier self-test found, as it is kept: by everything that it hangs on, and read with distrust.

import type { Caps } from '@quern/gpu';
import { AXIS_NAMES, KERNELS_BUILD, valuesOn } from '@quern/kernels';
import type { Numerics, VariantChoice } from '@quern/spec';
import { MOST_TEXT, type Remembered } from './kept-form.ts';
import { type Need, needKey } from './need.ts';

/** Where the time was not enough to try all, the next loads try again, so often in all. */
export const TRIES = 3;

/**
 * Adapter, driver or browser (`platform`), these kernels, what the model asks of them, numerics, what was forced. Undefined where
 * the build does not know its kernels: then nothing is remembered.
 */
export function choiceKey(
  caps: Caps,
  platform: string,
  need: Need,
  numerics: Numerics,
  forced: Readonly<Record<string, string>>,
): string | undefined {
  if (KERNELS_BUILD === undefined) return undefined;
  const { vendor, architecture, device, description, f16, subgroups, dot4 } = caps;
  const adapter = { vendor, architecture, device, description, f16, subgroups, dot4 };
  const asked = Object.entries(forced).toSorted();
  return JSON.stringify([1, KERNELS_BUILD, adapter, platform, needKey(need), numerics, asked]);
}

/** What is kept under a key, undefined for anything that is no choice for every axis of what this adapter can run. */
export function readRemembered(
  kept: unknown,
  caps: Caps,
  numerics: Numerics,
  forced: Readonly<Record<string, string>>,
): Remembered | undefined {
  const [complete, tries, axes] = [member(kept, 'complete'), member(kept, 'tries'), member(kept, 'axes')];
  if (typeof complete !== 'boolean' || !Number.isSafeInteger(tries)) return undefined;
  const choices: Record<string, VariantChoice> = {};
  for (const axis of AXIS_NAMES) {
    if (axis in forced) {
      choices[axis] = { value: forced[axis]!, by: 'forced' };
      continue;
    }
    const found = member(axes, axis);
    const value = member(found, 'value');
    if (typeof value !== 'string' || !valuesOn(caps, axis, numerics).includes(value)) return undefined;
    const milliseconds = entries(member(found, 'milliseconds'), isTime);
    const refused = entries(member(found, 'refused'), isReason);
    choices[axis] = {
      value,
      by: 'remembered',
      ...(milliseconds && { milliseconds }),
      ...(refused && { refused }),
    };
  }
  return { choices, complete, tries: tries as number };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isReason(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MOST_TEXT;
}

function entries<T>(of: unknown, sound: (value: unknown) => value is T): Record<string, T> | undefined {
  if (typeof of !== 'object' || of === null) return undefined;
  const all = Object.entries(of as Record<string, unknown>).filter((entry): entry is [string, T] =>
    sound(entry[1]),
  );
  return all.length > 0 ? Object.fromEntries(all.slice(0, 16)) : undefined;
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Record<string, unknown>)[name]
    : undefined;
}
