// Which layers see only a window: `<key>.attention.sliding_window_pattern` is a list (true: a window), or a
// period whose last layer sees all.

import { getBooleanArray, getCount, type Metadata } from '@quern/formats';

/** `period`: what the family does where the file says nothing; 0 = every layer has the window. */
export function windowedLayers(metadata: Metadata, key: string, period: number): (layer: number) => boolean {
  const name = `${key}.attention.sliding_window_pattern`;
  const given = metadata.get(name);
  if (given !== undefined && typeof given !== 'number') {
    const list = getBooleanArray(metadata, name);
    return (layer) => list[layer] ?? false;
  }
  const every = getCount(metadata, name, period);
  return (layer) => every === 0 || (layer + 1) % every !== 0;
}
