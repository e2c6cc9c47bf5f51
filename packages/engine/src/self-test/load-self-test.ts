// The door to what is loaded later. The build looks for the import in this very form (scripts/build).
import { QuernError } from '@quern/spec';
import type * as SelfTest from './self-test.ts';

/** See self-test.ts. Throws 'network' where its file cannot be fetched. */
export async function loadSelfTest(): Promise<typeof SelfTest> {
  try {
    return await import('./self-test.ts');
  } catch (cause) {
    throw new QuernError('network', 'self-test.js, which lies beside worker.js, could not be fetched', {
      cause,
    });
  }
}
