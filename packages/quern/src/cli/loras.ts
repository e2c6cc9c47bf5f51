// `--lora DIR [--lora-scale S]`, repeatable: a scale belongs to the adapter before it.

import { type InferenceEngine, type LoraChoice } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';
import { type Given, wrong } from './arguments.ts';
import type { Tools } from './tools.ts';

export const LORA_OPTIONS = {
  lora: { type: 'string', multiple: true },
  'lora-scale': { type: 'string', multiple: true },
} as const;

/** The adapters by what they were called, which is their id. Throws 'invalid-request'. */
export function readLoras(given: readonly Given[]): LoraChoice[] {
  const loras: LoraChoice[] = [];
  let scaled = true;
  for (const { name, value = '' } of given) {
    if (name === 'lora') {
      if (loras.some(({ id }) => id === value)) wrong(`--lora ${value} is given twice.`);
      loras.push({ id: value, scale: 1 });
      scaled = false;
    } else if (name === 'lora-scale') {
      const scale = value.trim() === '' ? NaN : Number(value);
      if (!Number.isFinite(scale)) wrong(`--lora-scale takes a number, not ${JSON.stringify(value)}.`);
      if (scaled) wrong('--lora-scale follows the --lora that it scales, once.');
      loras.at(-1)!.scale = scale;
      scaled = true;
    }
  }
  return loras;
}

/** Loads them one after another from where the model came from. */
export async function loadLoras(
  engine: InferenceEngine,
  loras: readonly LoraChoice[],
  request: LoadRequest,
  tools: Tools,
): Promise<void> {
  for (const { id } of loras) {
    const files = await tools.openFiles({ ...request, model: id });
    const { rank, weights } = await engine.loadAdapter(id, files, tools.signal);
    tools.err(`lora: ${id} adds to ${weights} weights by rank ${rank}\n`);
  }
}
