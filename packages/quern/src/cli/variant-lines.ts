// The kernel variants that a load took, and how each came to be.

import type { EngineInfo, VariantChoice } from '@quern/spec';
import { short } from './words.ts';

export function variantLines({ variantChoices }: Pick<EngineInfo, 'variantChoices'>): string {
  const lines = Object.entries(variantChoices).map(
    ([axis, choice]) => `  ${axis}=${choice.value}: ${how(choice)}\n`,
  );
  return ['\nkernel variants, and milliseconds a token of the kernels concerned, about:\n', ...lines].join(
    '',
  );
}

function how({ by, milliseconds = {}, refused = {} }: VariantChoice): string {
  const times = Object.entries(milliseconds).map(
    ([value, time]) => `${short(value)} ${time.toPrecision(3)} ms`,
  );
  const wrong = Object.entries(refused).map(([value, reason]) => `${short(value)} not: ${short(reason)}`);
  const found = [...times, ...wrong].join(', ');
  return found === '' ? by : `${by} (${found})`;
}
