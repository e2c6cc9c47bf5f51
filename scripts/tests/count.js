// Reads what the test runners leave behind, as counts.
import { readFile } from 'node:fs/promises';

/** Vitest's JSON report -> counts. A file that failed to load counts as one failure. */
export function countVitest(report) {
  const files = report.testResults ?? [];
  const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Playwright's JSON report -> counts. A test that passed on a second try passed; errors outside of tests fail. */
export function countPlaywright(report) {
  const { expected, flaky, unexpected, skipped } = report.stats;
  return { passed: expected + flaky, failed: unexpected + (report.errors?.length ?? 0), skipped };
}

export function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export const NONE = { passed: 0, failed: 0, skipped: 0 };

/**
 * The counts of one runner. No report, a status that does not fit its counts, or no test at all (unless
 * `mayBeEmpty`) is a failure: nothing may pass by not running.
 */
export async function readCounts(path, count, code, mayBeEmpty = false) {
  const report = await readFile(path, 'utf8').then(JSON.parse, () => undefined);
  const counts = report ? count(report) : NONE;
  const empty = counts.passed + counts.failed === 0 && !mayBeEmpty;
  if (empty || (code !== 0 && counts.failed === 0)) return add(counts, { passed: 0, failed: 1, skipped: 0 });
  return counts;
}

/** '12 passed, 0 failed, 3 skipped' */
export function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
