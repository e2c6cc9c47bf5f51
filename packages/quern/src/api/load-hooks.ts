// How a load is watched and ended.

import type { Progress, QuernError } from '@quern/spec';

export interface LoadHooks {
  /** Bytes, rate and phase of the load. */
  onProgress?: (progress: Progress) => void;
  /**
   * Hears of what went wrong without ending the load: 'storage-full' and 'storage-error' where the model cannot be
   * kept, or not all of it, and comes over the network again next time.
   */
  onWarning?: (warning: QuernError) => void;
  /** Ends the load; what was downloaded stays for the next one. */
  signal?: AbortSignal;
}
