// The form in which a choice is kept.

import type { VariantChoice } from '@quern/spec';

/** Reasons are shown to people: no longer than a sentence or two. */
export const MOST_TEXT = 400;

export interface Remembered {
  readonly choices: Record<string, VariantChoice>;
  /** All was tried. */
  readonly complete: boolean;
  /** Loads that tried. */
  readonly tries: number;
}

/** As it is kept. */
export function keptForm({ choices, complete, tries }: Remembered): unknown {
  const axes = Object.entries(choices).map(([axis, { value, milliseconds, refused }]) => [
    axis,
    { value, milliseconds: milliseconds ?? {}, refused: cut(refused ?? {}) },
  ]);
  return { complete, tries, axes: Object.fromEntries(axes) as unknown };
}

/** Reasons may be a driver's, and long. */
function cut(refused: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(refused).map(([value, text]) => [value, text.slice(0, MOST_TEXT)]),
  );
}
