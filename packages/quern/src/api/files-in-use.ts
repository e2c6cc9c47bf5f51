// Which cached files are in use, over all tabs of the origin: whoever has opened one holds a shared Web Lock of its
// name until it is done with the model, or dies.

export type SharedLocks = Pick<LockManager, 'request' | 'query'>;

const PREFIX = 'quern-file-';

/** Takes the lock soon, holds it until `release` fires. */
export function holdFile(locks: SharedLocks, key: string, release: AbortSignal): void {
  const released = new Promise<void>((resolve) => {
    if (release.aborted) resolve();
    else release.addEventListener('abort', () => resolve(), { once: true });
  });
  // Nobody takes it exclusively, so it is never waited for; a page that may not lock is not protected.
  locks.request(PREFIX + key, { mode: 'shared' }, () => released).catch(() => undefined);
}

/** The keys of the files that are in use. */
export async function filesInUse(locks: SharedLocks): Promise<Set<string>> {
  const { held = [] } = await locks.query();
  const names = held.map(({ name = '' }) => name);
  return new Set(names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)));
}
