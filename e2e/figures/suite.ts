// The kernel tests without their runner: suite-runner.ts takes its place in the bundle.

import { runTests, startFile } from './suite-runner.ts';

const FILES = import.meta.glob<unknown>('../../kernels/**/*.gpu.test.ts');

/** The exit code. `only`: part of a file's path. */
export async function runSuite(only: string | undefined, say: (what: string) => void): Promise<number> {
  for (const [path, load] of Object.entries(FILES)) {
    if (only !== undefined && !path.includes(only)) continue;
    startFile(path.replace(/^(\.\.\/)+/, ''));
    await load();
  }
  const { passed, failed, skipped } = await runTests(say);
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
