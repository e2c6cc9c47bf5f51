import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { add, countPlaywright, countVitest, line, readCounts } from './count.js';

const VITEST = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 0, testResults: [] };

test('Vitest: a file that does not load is a failure of its own', () => {
  expect(countVitest(VITEST)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  const broken = { ...VITEST, testResults: [{ status: 'failed', assertionResults: [] }] };
  expect(countVitest(broken)).toEqual({ passed: 3, failed: 2, skipped: 2 });
});

test('Playwright: errors outside of tests are failures', () => {
  const stats = { expected: 4, flaky: 1, unexpected: 2, skipped: 3 };
  expect(countPlaywright({ stats, errors: [] })).toEqual({ passed: 5, failed: 2, skipped: 3 });
  expect(countPlaywright({ stats, errors: [{}] }).failed).toBe(3);
});

test('the closing line is plain', () => {
  expect(line({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(line(add({ passed: 1, failed: 1, skipped: 2 }, { passed: 1, failed: 0, skipped: 0 }))).toBe(
    '2 passed, 1 failed, 2 skipped',
  );
});

test('nothing passes by not running', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quern-count-'));
  const path = join(folder, 'report.json');
  expect((await readCounts(path, countVitest, 0)).failed).toBe(1); // no report
  await writeFile(path, JSON.stringify({ ...VITEST, numPassedTests: 0, numFailedTests: 0 }));
  expect((await readCounts(path, countVitest, 0)).failed).toBe(1); // no test
  expect((await readCounts(path, countVitest, 0, true)).failed).toBe(0);
  await writeFile(path, JSON.stringify({ ...VITEST, numFailedTests: 0 }));
  expect((await readCounts(path, countVitest, 1)).failed).toBe(1); // the runner itself failed
  expect(await readCounts(path, countVitest, 0)).toEqual({ passed: 3, failed: 0, skipped: 2 });
  await rm(folder, { recursive: true });
});
