// The history file of `quern bench`: one JSON object a line, one line a run. Reads and writes lines; compares nothing.

import { type BenchRow, type Numerics, QuernError } from '@quern/spec';

export type HistoryRow = Pick<BenchRow, 'test' | 'tokens' | 'depth'> & {
  /** The mean of the repetitions. */
  tokens_per_second: number;
};

export interface HistoryRun {
  /** Of the folder the bench ran in, '-dirty' where it had changes; null outside of git. */
  commit: string | null;
  /** ISO 8601. */
  date: string;
  model: string;
  adapter: string;
  kv: string;
  /** Lines from before there was a choice have none: exact. */
  numerics?: Numerics;
  variants: Record<string, string>;
  rows: HistoryRow[];
}

export function historyLine(run: HistoryRun): string {
  return `${JSON.stringify(run)}\n`;
}

/** Oldest first. Throws 'corrupt-file' with the number of a line that is no run. */
export function readRuns(text: string, path: string): HistoryRun[] {
  return text
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : readRun(line, `${path}, line ${i + 1}`)));
}

/**
 * Of this model on this adapter, whatever its variants: to compare them is what a history is for. But 'fast' and
 * 'exact' are two things.
 */
export function newestRun(
  runs: readonly HistoryRun[],
  { model, adapter, numerics = 'exact' }: Pick<HistoryRun, 'model' | 'adapter' | 'numerics'>,
): HistoryRun | undefined {
  return runs.findLast(
    (run) => run.model === model && run.adapter === adapter && (run.numerics ?? 'exact') === numerics,
  );
}

/** This speed over that of the same test in an earlier run; undefined where it had none. */
export function ratioTo(earlier: HistoryRun | undefined, row: HistoryRow): number | undefined {
  const same = earlier?.rows.find(
    ({ test, tokens, depth }) => test === row.test && tokens === row.tokens && depth === row.depth,
  );
  return same && same.tokens_per_second > 0 ? row.tokens_per_second / same.tokens_per_second : undefined;
}

function readRun(line: string, where: string): HistoryRun {
  let run: Partial<HistoryRun> | null;
  try {
    run = JSON.parse(line) as Partial<HistoryRun> | null;
  } catch (cause) {
    throw new QuernError('corrupt-file', `${where} is no JSON: was that file written with --history?`, {
      cause,
    });
  }
  const isRun =
    typeof run?.model === 'string' &&
    typeof run.adapter === 'string' &&
    typeof run.date === 'string' &&
    typeof run.variants === 'object' &&
    run.variants !== null &&
    Array.isArray(run.rows) &&
    run.rows.every((row: unknown) => typeof (row as HistoryRow | null)?.tokens_per_second === 'number');
  if (isRun) return run as HistoryRun;
  throw new QuernError('corrupt-file', `${where} is not a run that \`quern bench --history\` wrote.`);
}
