// The door to what is loaded later. The build looks for the import in this very form (scripts/build).
import { QuernError } from '@quern/spec';
import type * as Upkeep from './upkeep.ts';

/** See upkeep.ts. Throws 'network' where its file cannot be fetched. */
export async function loadUpkeep(): Promise<typeof Upkeep> {
  try {
    return await import('./upkeep.ts');
  } catch (cause) {
    throw new QuernError('network', 'upkeep.js, which lies beside worker.js, could not be fetched', {
      cause,
    });
  }
}
