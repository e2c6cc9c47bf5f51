// What a page's process and the GPU's hold for themselves, read together, so that their sum is of one time.
import { privateBytes } from '../loading/private-memory.ts';

const EVERY_MS = 250;

export interface Weight {
  /** The most private memory of the page's process. */
  pageBytes: number;
  /** The most of it and of the GPU's process at one time. */
  pageAndGpuBytes: number;
  /** The same of the page before it loads anything. */
  idlePageBytes: number;
  idlePageAndGpuBytes: number;
}

export interface Scales {
  /** What was seen so far. */
  readonly seen: Weight;
  stop(): void;
}

/** `page` and `gpu`: ids of processes. Weighs at once, and then until it is stopped. */
export async function weigh(page: number, gpu: readonly number[]): Promise<Scales> {
  const read = async (): Promise<[number, number]> => {
    const own = await privateBytes([page]);
    return [own, own + (await privateBytes(gpu))];
  };
  const [idlePageBytes, idlePageAndGpuBytes] = await read();
  const seen: Weight = {
    pageBytes: idlePageBytes,
    pageAndGpuBytes: idlePageAndGpuBytes,
    idlePageBytes,
    idlePageAndGpuBytes,
  };
  const sample = async (): Promise<void> => {
    const [own, both] = await read();
    seen.pageBytes = Math.max(seen.pageBytes, own);
    seen.pageAndGpuBytes = Math.max(seen.pageAndGpuBytes, both);
  };
  const timer = setInterval(() => void sample(), EVERY_MS);
  return { seen, stop: () => clearInterval(timer) };
}
