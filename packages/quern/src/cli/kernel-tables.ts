// Where the time of a step goes, and how near each kernel comes to what the adapter can do at most.

import type { EngineInfo, InferenceEngine, KernelTiming, Roofline } from '@quern/spec';
import { table } from './words.ts';

export interface KernelReport {
  roofline: Roofline;
  decode: KernelTiming[];
  prefill: KernelTiming[];
}

/** Undefined where the adapter has no timestamps. */
export async function profileKernels(
  engine: InferenceEngine,
  { adapter }: EngineInfo,
): Promise<KernelReport | undefined> {
  if (!adapter.features.includes('timestamp-query')) return undefined;
  const roofline = await engine.roofline();
  return { roofline, decode: await engine.profile('decode'), prefill: await engine.profile('prefill') };
}

export function kernelTables(report: KernelReport | undefined): string {
  if (!report) return '\nThis adapter has no timestamps: no time per kernel.\n';
  const { bytesPerSecond, flopsPerSecond, dispatchMicroseconds, readbackMilliseconds } = report.roofline;
  return [
    `\nroofline, measured: ${(bytesPerSecond / 1e9).toFixed(1)} GB/s copied, ${(flopsPerSecond / 1e9).toFixed(1)} GFLOP/s, `,
    `${dispatchMicroseconds.toFixed(1)} us a dispatch, ${readbackMilliseconds.toFixed(2)} ms to read back\n`,
    ...(['decode', 'prefill'] as const).map((phase) => kernelTable(phase, report[phase])),
  ].join('');
}

function kernelTable(phase: string, timings: readonly KernelTiming[]): string {
  const all = timings.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const dispatches = timings.reduce((sum, timing) => sum + timing.dispatches, 0);
  const rows = timings
    .toSorted((a, b) => b.microseconds - a.microseconds)
    .map(({ kernel, dispatches: calls, microseconds, bytes, flops, leastMicroseconds = 0 }) => [
      kernel,
      String(calls),
      (microseconds / 1000).toFixed(2),
      ((100 * microseconds) / all).toFixed(1),
      (bytes / microseconds / 1000).toFixed(2),
      (flops / microseconds / 1000).toFixed(2),
      share(leastMicroseconds / microseconds),
    ]);
  return (
    `\n${phase}: ${dispatches} dispatches, ${(all / 1000).toFixed(1)} ms\n` +
    table(['kernel', 'calls', 'ms', '%', 'GB/s', 'GFLOP/s', '% of roofline'], rows)
  );
}

/** Nothing is faster than the adapter: a share above 1 says that its bytes came from a cache, or were miscounted. */
function share(value: number): string {
  return value <= 1 ? (100 * value).toFixed(0) : '- (above it)';
}
