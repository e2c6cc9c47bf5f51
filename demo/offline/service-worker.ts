// Registers the service worker that keeps the pages' own files (scripts/serve/offline.ts makes it at build time), and
// says when a newer version of them waits.

/** How often a page that stays open asks whether there is a newer one. */
const ASK_EVERY_MS = 3_600_000;

/**
 * `onNew` gets what starts the new version: it reloads this page, once. Where there is no service worker (development,
 * plain http, a browser that refuses) the pages work as long as their server answers.
 */
export async function keepPages(onNew: (start: () => void) => void): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  const container = navigator.serviceWorker;
  const controlled = container.controller !== null;
  let reloads = false;
  const start = (waiting: ServiceWorker | null) => () => {
    reloads = true;
    if (waiting?.state === 'installed') waiting.postMessage({ type: 'SKIP_WAITING' });
    else location.reload();
  };
  container.addEventListener('controllerchange', () => {
    if (reloads) location.reload();
    // Another tab took the new version: what this one has yet to fetch may be gone.
    else if (controlled) onNew(start(null));
  });
  try {
    const registration = await container.register('/sw.js', { scope: '/', updateViaCache: 'none' });
    const watch = (worker: ServiceWorker | null) =>
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed' && container.controller) onNew(start(worker));
      });
    if (registration.waiting && controlled) onNew(start(registration.waiting));
    watch(registration.installing);
    registration.addEventListener('updatefound', () => watch(registration.installing));
    let asked = Date.now();
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || Date.now() - asked < ASK_EVERY_MS) return;
      asked = Date.now();
      void registration.update().catch(() => undefined); // offline
    });
  } catch {
    // Refused (private windows, policy): the page works online.
  }
}
