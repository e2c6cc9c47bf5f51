// A model into the store, without running it: its files pass through the load's budget, and nothing but the store
// keeps them. Ended and called again it goes on from what is there: that is pause and resume.
import type { ByteSource, Progress } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import type { CachedSource } from '../reading/cached-source.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import type { ModelRef, OpenModelOptions } from '../models/open-model.ts';
import type { ProgressMeter } from '../progress-meter.ts';
import { createProgressMeter } from '../progress-meter.ts';

/** Chunks are large: between two of them, bytes on their way are counted so often. */
const COUNT_MS = 200;

export interface DownloadModelOptions extends OpenModelOptions {
  store: ChunkStore;
  onProgress?: (progress: Progress) => void;
  /** How references become sources: an openModel. */
  open: (ref: ModelRef, options: OpenModelOptions) => Promise<ByteSource[]>;
}

/**
 * Resolves to the cache keys of the model's files, in order, when all of them are stored. Throws what openModel
 * throws; 'storage-full' or 'storage-error' as soon as something cannot be stored (what was stored before stays);
 * 'invalid-request' for a model that is on this device already; 'network', 'corrupt-file', 'aborted'.
 */
export async function downloadModel(ref: ModelRef, options: DownloadModelOptions): Promise<string[]> {
  const { signal, open, onProgress = () => undefined, ...rest } = options;
  throwIfAborted(signal);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  let failure: QuernError | undefined;
  const onWarning = (warning: QuernError): void => {
    if (!warning.code.startsWith('storage-')) {
      options.onWarning?.(warning);
      return;
    }
    failure ??= warning;
    stop.abort();
  };
  let sources: ByteSource[] = [];
  try {
    sources = await open(ref, { ...rest, onWarning, signal: stop.signal });
    return await completeAll(sources, onProgress, stop.signal);
  } catch (error) {
    throw failure ?? error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await Promise.allSettled(sources.map((source) => source.close()));
  }
}

async function completeAll(
  sources: readonly ByteSource[],
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const cached = sources.filter(isCached);
  const [first] = cached;
  if (!first || cached.length < sources.length) {
    throw new QuernError(
      'invalid-request',
      'the model is on this device already: only what comes over the network is kept in the cache',
    );
  }
  const meter = createProgressMeter({
    phase: 'download',
    file: first.name,
    fileTotal: first.byteLength,
    total: cached.reduce((sum, { byteLength }) => sum + byteLength, 0),
    onProgress,
  });
  for (const source of cached) await completeOne(source, meter, signal);
  meter.end();
  return cached.map(({ key }) => key);
}

function isCached(source: ByteSource): source is CachedSource {
  return source.complete !== undefined && 'key' in source;
}

async function completeOne(source: CachedSource, meter: ProgressMeter, signal: AbortSignal): Promise<void> {
  meter.setFile(source.name, source.byteLength);
  let counted = 0;
  const count = (until: number, from: 'network' | 'cache'): void => {
    const bytes = Math.min(until, source.byteLength) - counted;
    if (bytes <= 0) return;
    counted += bytes;
    meter.add(bytes, from);
  };
  const kept = source.cachedBytes ?? 0;
  const before = source.bytesFetched;
  count(kept, 'cache');
  const tick = (): void => {
    const fetched = source.bytesFetched - before;
    count(kept + fetched, 'network');
    // What another tab downloads.
    if (fetched === 0) count(source.cachedBytes ?? 0, 'cache');
  };
  const timer = setInterval(tick, COUNT_MS);
  try {
    await source.complete({ signal });
    throwIfAborted(signal);
    count(source.byteLength, source.bytesFetched > 0 ? 'network' : 'cache');
  } finally {
    clearInterval(timer);
  }
}
