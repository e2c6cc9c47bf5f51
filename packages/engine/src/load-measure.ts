// The door to what is loaded later. The build looks for the import in this very form (scripts/build).
import { QuernError } from '@quern/spec';
import type * as Measure from './measure.ts';

/** See measure.ts. Throws 'network' where its file cannot be fetched. */
export async function loadMeasure(): Promise<typeof Measure> {
  try {
    return await import('./measure.ts');
  } catch (cause) {
    throw new QuernError('network', 'measure.js, which lies beside worker.js, could not be fetched', {
      cause,
    });
  }
}
