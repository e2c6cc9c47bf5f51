// Tokens a second of each test, as `quern bench` shows and keeps them.

import type { BenchRow, EngineInfo } from '@quern/spec';
import { adapterName } from './loaded.ts';
import { bytes, count, table } from './words.ts';

export type SpeedRow = Pick<BenchRow, 'test' | 'tokens' | 'depth' | 'step' | 'line'> & {
  tokens_per_second: number;
  stddev: number;
  samples: number[];
  /** How much of the line it reaches. */
  of_line?: number;
};

export function speedRow({ test, tokens, depth, tokensPerSecond: samples, step, line }: BenchRow): SpeedRow {
  const mean = samples.reduce((sum, value) => sum + value, 0) / Math.max(1, samples.length);
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const stddev = samples.length > 1 ? Math.sqrt(squares / (samples.length - 1)) : 0;
  return {
    test,
    tokens,
    depth,
    tokens_per_second: mean,
    stddev,
    samples,
    ...(step && { step }),
    ...(line !== undefined && { line, of_line: mean / line }),
  };
}

/** `ratio`: to an earlier run, in a column of its own where runs are compared. */
export function speedTable(
  { model, memory, parameters, adapter, numerics }: EngineInfo,
  rows: ReadonlyArray<SpeedRow & { ratio?: number | undefined }>,
  compared: boolean,
): string {
  const shared = [model, bytes(memory.weightBytes), count(parameters), adapterName(adapter), numerics];
  const lines = rows.some(({ line }) => line !== undefined);
  const head = ['model', 'size', 'params', 'adapter', 'numerics', 'test', 't/s', 'dispatches', 'script us'];
  return table(
    [...head, ...(lines ? ['line', '% of line'] : []), ...(compared ? ['of earlier'] : [])],
    rows.map((row) => [
      ...shared,
      testName(row),
      `${row.tokens_per_second.toFixed(2)} ± ${row.stddev.toFixed(2)}`,
      row.step ? String(row.step.dispatches) : '-',
      row.step ? row.step.scriptMicroseconds.toFixed(0) : '-',
      ...(lines ? [figure(row.line, 1, 2), figure(row.of_line, 100, 0)] : []),
      ...(compared ? [row.ratio === undefined ? '-' : `${row.ratio.toFixed(2)}x`] : []),
    ]),
  );
}

/** llama-bench's names: pp128, tg64, tg64 @ d512. */
export function testName({ test, tokens, depth }: Pick<BenchRow, 'test' | 'tokens' | 'depth'>): string {
  return `${test === 'prefill' ? 'pp' : 'tg'}${tokens}${depth > 0 ? ` @ d${depth}` : ''}`;
}

function figure(value: number | undefined, scale: number, digits: number): string {
  return value === undefined ? '-' : (scale * value).toFixed(digits);
}
