// The variants of a load: those forced, else those remembered of this adapter, else what a self-test chooses.

import type { Gpu } from '@quern/gpu';
import { AXIS_NAMES } from '@quern/kernels';
import { type Numerics, QuernError, type VariantChoice } from '@quern/spec';
import type { KeptValues } from '@quern/store';
import { loadSelfTest } from './load-self-test.ts';
import type { Need } from './need.ts';
import { choiceKey, readRemembered, TRIES } from './remembered.ts';
import { TOOLS } from './tools.ts';

export interface ChoiceOptions {
  /** Where choices are kept. Throws nothing that matters: a choice that is lost is made anew. */
  kept?: KeptValues | undefined;
  /** Browser, or runtime and driver, by name and version: what was measured under another counts for nothing. */
  platform: string;
  /** Hears where the usual kernels compute wrong, and where none could be tried. */
  onWarning?: ((warning: QuernError) => void) | undefined;
}

export interface VariantChoices {
  readonly variants: Record<string, string>;
  readonly choices: Record<string, VariantChoice>;
}

/** The usual ones with those forced on top, untested. */
export function untested(
  variants: Record<string, string>,
  forced: Readonly<Record<string, string>>,
): VariantChoices {
  const choices = Object.entries(variants).map(([axis, value]) => [
    axis,
    { value, by: axis in forced ? 'forced' : 'usual' },
  ]);
  return { variants, choices: Object.fromEntries(choices) as Record<string, VariantChoice> };
}

export interface ChoiceRequest {
  gpu: Gpu;
  need: Need;
  numerics: Numerics;
  /** What such an adapter gets untried, with those forced on top. */
  usual: Record<string, string>;
  forced: Readonly<Record<string, string>>;
  /** As in `SelfTestOptions`. */
  settled: (variants: Readonly<Record<string, string>>) => Promise<unknown>;
  arrived: AbortSignal;
}

/** Throws 'gpu-error' where every variant computes wrong; 'aborted', 'device-lost'. */
export async function chooseFor(
  request: ChoiceRequest,
  { kept, platform, onWarning }: ChoiceOptions,
  signal: AbortSignal,
): Promise<VariantChoices> {
  const { gpu, need, numerics, usual, forced } = request;
  if (AXIS_NAMES.every((axis) => axis in forced)) return untested(usual, forced);
  const key = kept && choiceKey(gpu.caps, platform, need, numerics, forced);
  const found = key === undefined ? undefined : await kept!.get(key).catch(() => undefined);
  const earlier = readRemembered(found, gpu.caps, numerics, forced);
  if (earlier && (earlier.complete || earlier.tries >= TRIES)) {
    return { variants: valuesOf(earlier.choices), choices: earlier.choices };
  }
  let module: Awaited<ReturnType<typeof loadSelfTest>>;
  try {
    module = await loadSelfTest();
  } catch (error) {
    onWarning?.(QuernError.from(error));
    return untested(usual, forced);
  }
  const { variants, choices, complete, warning } = await module.selfTest({
    ...request,
    tools: TOOLS,
    signal,
  });
  if (warning !== undefined) onWarning?.(new QuernError('gpu-error', warning));
  if (key !== undefined) {
    const tries = (earlier?.tries ?? 0) + 1;
    // Nobody waits for it: what is not kept is measured anew.
    kept!.put(key, module.keptForm({ choices, complete, tries })).catch(() => undefined);
  }
  return { variants, choices };
}

function valuesOf(choices: Record<string, VariantChoice>): Record<string, string> {
  return Object.fromEntries(Object.entries(choices).map(([axis, { value }]) => [axis, value]));
}
