// What a device tells of its memory, for the choice of a quantisation.

/** Browsers tell no more than some amount, against fingerprinting: from here on it means no limit. */
const MOST_TOLD = 8;

/** Half of the memory in bytes: the system, the browser and the keys and values need the rest. Undefined: unknown. */
export function memoryForModels(navigator: object | undefined): number | undefined {
  // Of the Device Memory API, which Firefox and Safari lack.
  const { deviceMemory } = (navigator ?? {}) as { deviceMemory?: unknown };
  if (typeof deviceMemory !== 'number' || deviceMemory >= MOST_TOLD) return undefined;
  return (deviceMemory * 2 ** 30) / 2;
}
