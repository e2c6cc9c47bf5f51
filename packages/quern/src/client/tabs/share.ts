// How this page shares an engine with the other tabs of its origin.

import type { LoadRequest } from '../../wire/host-api.ts';
import { platformLocks } from '../../wire/life-lock.ts';
import { requestKey } from '../../wire/request-key.ts';
import { locateWorker, startWorker } from '../start-worker.ts';
import { standForElection } from './election.ts';
import { sharedWorkerHasGpu, shareWorker } from './shared-worker.ts';
import type { Sharing } from './sharing.ts';

/**
 * Undefined where tabs cannot find each other: no Web Locks or no BroadcastChannel (pages that are not secure,
 * which have no WebGPU either). Throws 'invalid-request' for a model that is none.
 */
export async function shareAcrossTabs(request: LoadRequest): Promise<Sharing | undefined> {
  const locks = platformLocks();
  if (!locks || typeof BroadcastChannel === 'undefined' || typeof Worker === 'undefined') return undefined;
  const place = locateWorker();
  const key = requestKey(request);
  if (!('url' in place)) {
    place.terminate(); // a bundler's own class: it starts workers, but does not say from where
    return standForElection({ key, locks, start: startWorker });
  }
  // Tabs of two versions of a site do not talk to each other's workers.
  const name = `quern ${key}`;
  if (await sharedWorkerHasGpu({ ...place, name }, locks)) return shareWorker({ ...place, name }, locks);
  return standForElection({ key: JSON.stringify([place.url, key]), locks, start: startWorker });
}
