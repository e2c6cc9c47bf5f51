// The door to what is loaded later. The build looks for the import in this very form (scripts/build).

import { QuernError } from '@quern/spec';
import type * as Templates from './templates.ts';

/** See templates.ts. Throws 'network' where its file cannot be fetched. */
export async function loadTemplates(): Promise<typeof Templates> {
  try {
    return await import('./templates.ts');
  } catch (cause) {
    throw new QuernError('network', 'templates.js, which lies beside worker.js, could not be fetched', {
      cause,
    });
  }
}
