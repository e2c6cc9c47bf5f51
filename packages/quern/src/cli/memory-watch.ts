// What a command held at most: the process sampled on the way, the GPU as the engine took it.

import type { MemoryInfo } from '@quern/spec';
import type { ProcessMemory, Tools } from './tools.ts';
import { bytes } from './words.ts';

const EVERY_MS = 25;

/** Samples until stopped; `stop` returns the peaks, and may be called again. */
export function watchMemory({ memory }: Pick<Tools, 'memory'>): { stop: () => ProcessMemory } {
  const peak = memory();
  const sample = () => {
    const now = memory();
    peak.scriptBytes = Math.max(peak.scriptBytes, now.scriptBytes);
    peak.residentBytes = Math.max(peak.residentBytes, now.residentBytes);
  };
  const timer = setInterval(sample, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return { ...peak };
    },
  };
}

/** The engine frees nothing while it lives, so that what it has at the end is the most it had. */
export function memoryLine(
  { weightBytes, kvBytes, scratchBytes }: MemoryInfo,
  { scriptBytes, residentBytes }: ProcessMemory,
): string {
  const parts = `${bytes(weightBytes)} weights, ${bytes(kvBytes)} keys and values, ${bytes(scratchBytes)} scratch`;
  return (
    `\nmemory, at most: GPU ${bytes(weightBytes + kvBytes + scratchBytes)} (${parts}); ` +
    `script ${bytes(scriptBytes)}; process ${bytes(residentBytes)}\n`
  );
}
