// What a page's process holds for itself alone (Linux): not the JS heap's figure, which leaves ArrayBuffers out.
import { readFile } from 'node:fs/promises';
import type { BrowserContext } from 'playwright/test';

export interface MemoryWatch {
  /** The most that was seen since the start, in bytes. */
  readonly most: number;
  readonly samples: readonly number[];
  stop(): void;
}

/** The browser's processes of a type ('renderer', 'GPU', 'browser'). */
export async function processIds(context: BrowserContext, type: string): Promise<number[]> {
  const session = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter((process) => process.type === type).map(({ id }) => id);
}

/** Private clean and dirty pages, in bytes; 0 of a process that is gone. */
export async function privateBytes(pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    for (const [, kB] of text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)) sum += Number(kB) * 1024;
  }
  return sum;
}

export function watchMemory(pids: readonly number[], everyMs = 100): MemoryWatch {
  const samples: number[] = [];
  const timer = setInterval(() => void privateBytes(pids).then((bytes) => samples.push(bytes)), everyMs);
  return {
    samples,
    get most() {
      return Math.max(0, ...samples);
    },
    stop() {
      clearInterval(timer);
    },
  };
}
