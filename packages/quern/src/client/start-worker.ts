// Starts the engine's worker from where it lies. On the page's own origin that is a plain module worker,
// which needs no more than `worker-src 'self'`. Browsers refuse a worker of another origin (a CDN), so
// there a Blob module on the page's origin imports it; that needs `worker-src blob:` and a CDN that sends
// Access-Control-Allow-Origin.

import { QuernError } from '@quern/spec';

export interface StartedWorker {
  worker: Worker;
  terminate(): void;
}

export function startWorker(): StartedWorker {
  if (typeof Worker === 'undefined') {
    throw new QuernError(
      'invalid-request',
      "Here are no workers to run the engine in. In Node, Deno or Bun import 'quern/node'; in a page pass `worker`.",
    );
  }
  const place = locateWorker();
  // A bundler may have put a class of its own in the place of the global; then the worker runs already.
  if (!('url' in place)) return { worker: place, terminate: () => place.terminate() };
  const { url, options } = place;
  if (isSameOrigin(url)) {
    const worker = new Worker(url, options);
    return { worker, terminate: () => worker.terminate() };
  }
  const source = `import ${JSON.stringify(url)};`;
  const blobUrl = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(blobUrl, { ...options, type: 'module' });
  return {
    worker,
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(blobUrl);
    },
  };
}

export interface WorkerPlace {
  url: string;
  options: WorkerOptions | undefined;
}

/**
 * Bundlers find a worker by the literal form `new Worker(new URL(..., import.meta.url), ...)` with the
 * global Worker, and put the URL of what they have made of it in its place. Its origin has to be known
 * before a worker is started, because browsers differ in how they refuse one; so the expression runs once
 * with a Worker that only takes notes. Nothing else can run in between.
 */
export function locateWorker(): WorkerPlace | Worker {
  const real = globalThis.Worker;
  function Recorder(url: string | URL, options?: WorkerOptions): WorkerPlace {
    return { url: new URL(url, globalThis.location?.href).href, options };
  }
  globalThis.Worker = Recorder as unknown as typeof Worker;
  try {
    return new Worker(new URL('../worker/index.ts', import.meta.url), { type: 'module' });
  } finally {
    globalThis.Worker = real;
  }
}

function isSameOrigin(url: string): boolean {
  // blob: and data: URLs made by a bundler run as they are.
  const { origin, protocol } = new URL(url);
  return origin === globalThis.location?.origin || protocol === 'blob:' || protocol === 'data:';
}
