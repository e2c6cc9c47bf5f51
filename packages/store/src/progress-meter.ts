// Byte counts into Progress events: a rate over a sliding window, time left, not too many, always a last one.
import type { LoadPhase, Progress } from '@quern/spec';

export interface ProgressMeterOptions {
  phase: LoadPhase;
  file: string;
  fileTotal: number;
  /** 0 while unknown. */
  total: number;
  onProgress: (progress: Progress) => void;
  /** Bytes that were done before. */
  loaded?: number;
  /** Milliseconds; performance.now if undefined. */
  now?: () => number;
}

export interface ProgressMeter {
  /** Counts `bytes` more. An event follows unless the last was less than 100 ms ago. */
  add(bytes: number, from: Progress['from']): void;
  /** Later bytes belong to this file. */
  setFile(file: string, fileTotal: number): void;
  setTotal(total: number): void;
  /** The last event, with everything counted. Later calls do nothing. */
  end(): void;
}

const INTERVAL_MS = 100;
/** The rate is that of the last so many ms. */
const WINDOW_MS = 3000;
/** Time left is not told from less than this. */
const SETTLE_MS = 250;

export function createProgressMeter(options: ProgressMeterOptions): ProgressMeter {
  const { phase, onProgress } = options;
  const now = options.now ?? (() => performance.now());
  let { file, fileTotal, total } = options;
  let loaded = options.loaded ?? 0;
  const byFile = new Map<string, number>();
  let from: Progress['from'] | undefined;
  let lastEvent = -Infinity;
  let ended = false;
  // Points on the curve of bytes over time, oldest first; the first is at or before the window's start.
  let points: Array<{ at: number; loaded: number }> = [{ at: now(), loaded }];

  const emit = (at: number): void => {
    const [oldest] = points;
    const elapsed = oldest ? at - oldest.at : 0;
    const bytesPerSecond = oldest && elapsed > 0 ? ((loaded - oldest.loaded) * 1000) / elapsed : 0;
    const event: Progress = {
      phase,
      loaded,
      total,
      file,
      fileLoaded: byFile.get(file) ?? 0,
      fileTotal,
      from: from ?? 'network',
      bytesPerSecond,
    };
    if (total > 0 && loaded >= total) event.secondsLeft = 0;
    else if (total > 0 && bytesPerSecond > 0 && elapsed >= SETTLE_MS) {
      event.secondsLeft = (total - loaded) / bytesPerSecond;
    }
    lastEvent = at;
    onProgress(event);
  };

  return {
    add(bytes, origin) {
      if (ended) return;
      const at = now();
      // The cache's speed says nothing about the network's.
      if (from !== undefined && origin !== from) points = [{ at: points.at(-1)?.at ?? at, loaded }];
      from = origin;
      loaded += bytes;
      byFile.set(file, (byFile.get(file) ?? 0) + bytes);
      points.push({ at, loaded });
      while ((points[1]?.at ?? at) <= at - WINDOW_MS && points.length > 2) points.shift();
      if (at - lastEvent >= INTERVAL_MS) emit(at);
    },
    setFile(name, bytes) {
      file = name;
      fileTotal = bytes;
    },
    setTotal(bytes) {
      total = bytes;
    },
    end() {
      if (ended) return;
      ended = true;
      emit(now());
    },
  };
}
