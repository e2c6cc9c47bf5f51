// The words of sharing an engine between the tabs of an origin. Two ways give it: one SharedWorker for all
// (shared-worker.ts), or a worker in one tab, the leader, that the others talk to (election.ts).

import { QuernError } from '@quern/spec';
import type { Link } from '../link.ts';

/** One engine object's part in what the tabs share. */
export interface Sharing {
  /**
   * A link to the host as of now. When that fails because the host has moved or ended, joining again finds
   * where it is then. One join at a time. Throws 'aborted', and what starting a worker throws.
   */
  join(signal?: AbortSignal): Promise<Link>;
  /** Lets go. Where this tab runs the worker, it does so until no other tab uses it. */
  leave(): void;
}

/** What requests that were running hear when the host goes; the engine object stays good. */
export function hostGone(): QuernError {
  return new QuernError(
    'device-lost',
    'The tab that ran the model was closed, or its worker ended. The model is being loaded again: send the request again.',
  );
}
