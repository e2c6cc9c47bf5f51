// Knows when the other side has died. Whoever lives holds a Web Lock under a name of its own, and the
// other side waits for it: browsers release it with the page or worker that held it, however it ended.
// Where there are no Web Locks (insecure pages, which have no WebGPU either; Node before 24) only the
// ports' close events and an explicit unload() tell.

import { QuernError } from '@quern/spec';

export type Locks = Pick<LockManager, 'request'>;

/** Holds the lock `name`; resolves once it is held, to a function that lets go. */
export async function holdLock(locks: Locks, name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, () => new Promise<void>((release) => resolve(release)))
      .catch((error: unknown) => reject(QuernError.from(error)));
  });
}

/** Calls `onDeath` once whoever holds the lock is gone. Returns a function that stops waiting. */
export function watchLock(locks: Locks, name: string, onDeath: () => void): () => void {
  const stop = new AbortController();
  locks.request(name, { signal: stop.signal }, () => onDeath()).catch(() => undefined); // stopped
  return () => stop.abort();
}

export function platformLocks(): Locks | undefined {
  return globalThis.navigator?.locks;
}
