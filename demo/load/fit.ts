// What a model takes on this device, in a sentence, from its plan.
import { bytes } from '../look/format.ts';
import type { LoadPlan } from './engine.ts';

export interface Fit {
  fits: boolean;
  text: string;
}

/** 'Runs here: 112 MB on the GPU with 4096 tokens of context. 98.4 MB to download.' */
export function fitOf(plan: LoadPlan): Fit {
  const [problem] = plan.problems;
  if (problem) return { fits: false, text: `Does not run here: ${problem.message}` };
  const { weightBytes, kvBytes, scratchBytes } = plan.memory;
  const context = plan.contextLength.toLocaleString('en');
  const parts = [
    `Runs here: ${bytes(weightBytes + kvBytes + scratchBytes)} on the GPU with ${context} tokens of context.`,
  ];
  if (plan.downloadBytes > 0) parts.push(`${bytes(plan.downloadBytes)} to download.`);
  if (!plan.fitsStorage) parts.push('It will not be kept: this browser has no room for it.');
  return { fits: true, text: parts.join(' ') };
}
