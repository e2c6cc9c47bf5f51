// The page's end of the wall: a host behind a port, and the promise that no call hangs when that host
// dies: every wait goes through `guard`, which rejects as soon as the link has failed.

import { QuernError, throwIfAborted } from '@quern/spec';
import { wrap } from 'comlink';
import '../wire/handlers.ts';
import type { ConnectMessage, RemoteHost } from '../wire/host-api.ts';
import { holdLock, type Locks, watchLock } from '../wire/life-lock.ts';
import { orAborted } from './or-aborted.ts';

export interface Link {
  readonly host: RemoteHost;
  /** `work`, or the link's failure, or 'aborted' when the signal fires. */
  guard<T>(work: PromiseLike<T>, signal?: AbortSignal): Promise<T>;
  /** Makes every present and later wait reject with `error`. */
  fail(error: QuernError): void;
  readonly failed: boolean;
  /** Calls `tell` once when the link fails, also by close(); at once where it has. */
  onFail(tell: () => void): void;
  /** Fails with 'unloaded' and lets the host know that this client is gone. */
  close(): void;
}

/** Where a host listens: a worker, or a port to one. */
export type HostEndpoint = Worker | SharedWorker | MessagePort;

/** `gone` is what is told when the host dies. */
export async function connect(
  endpoint: HostEndpoint,
  locks: Locks | undefined,
  signal?: AbortSignal,
  gone: () => QuernError = workerGone,
): Promise<Link> {
  throwIfAborted(signal);
  const client = `quern-client-${crypto.randomUUID()}`;
  const { port1: port, port2 } = new MessageChannel();
  const waiting = new Set<(error: QuernError) => void>();
  const onFailure: Array<() => void> = [() => port.close()];
  let failure: QuernError | undefined;

  const fail = (error: QuernError) => {
    if (failure) return;
    failure = error;
    for (const reject of waiting) reject(error);
    waiting.clear();
    for (const undo of onFailure) undo();
  };
  const guard = async <T>(work: PromiseLike<T>, abort?: AbortSignal): Promise<T> => {
    throwIfAborted(abort);
    if (failure) throw failure;
    let settle!: (error: QuernError) => void;
    const broken = new Promise<never>((_, reject) => (settle = reject));
    waiting.add(settle);
    try {
      return await orAborted(Promise.race([work, broken]), abort);
    } finally {
      waiting.delete(settle);
    }
  };

  // Before anything is awaited: a worker that cannot start says so at once, and only once.
  onFailure.push(listenForDeath(endpoint, port, fail, gone));
  const link: Link = {
    host: wrap(port) as unknown as RemoteHost,
    guard,
    fail,
    get failed() {
      return failure !== undefined;
    },
    onFail: (tell) => (failure ? tell() : void onFailure.push(tell)),
    close: () => fail(new QuernError('unloaded', 'This engine was unloaded. Create another one.')),
  };
  try {
    // The host waits for this lock, so it must be held when the host hears of this client.
    const release = locks && (await holdLock(locks, client));
    if (release) onFailure.push(release);
    if (failure) {
      release?.(); // it failed before there was anything to undo
      throw failure;
    }
    const entry = 'port' in endpoint ? endpoint.port : endpoint;
    entry.postMessage({ type: 'quern-connect', client, port: port2 } satisfies ConnectMessage, [port2]);
    if ('start' in entry) entry.start();
    const { lock } = await guard(link.host.hello(), signal);
    if (locks && lock !== undefined) onFailure.push(watchLock(locks, lock, () => fail(gone())));
  } catch (error) {
    link.close();
    throw error;
  }
  return link;
}

function workerGone(): QuernError {
  return new QuernError(
    'device-lost',
    'The engine has ended: its worker was stopped or crashed. Load again.',
  );
}

function listenForDeath(
  endpoint: HostEndpoint,
  port: MessagePort,
  fail: (error: QuernError) => void,
  gone: () => QuernError,
) {
  const onError = (event: Event) => {
    const { message = '', filename = '', lineno = 0 } = event as Partial<ErrorEvent>;
    if (message) fail(new QuernError('internal', `The worker failed: ${message} (${filename}:${lineno})`));
    else {
      fail(
        new QuernError(
          'network',
          "The worker did not start: its file could not be fetched, or the page's Content-Security-Policy " +
            '(worker-src) forbids it. Serve worker.js beside the page, or pass a Worker as `worker`.',
        ),
      );
    }
  };
  const onMessageError = () =>
    fail(new QuernError('internal', 'A message from the worker could not be read.'));
  const onClose = () => fail(gone());
  endpoint.addEventListener('error', onError);
  endpoint.addEventListener('messageerror', onMessageError);
  port.addEventListener('messageerror', onMessageError);
  port.addEventListener('close', onClose);
  return () => {
    endpoint.removeEventListener('error', onError);
    endpoint.removeEventListener('messageerror', onMessageError);
    port.removeEventListener('close', onClose);
  };
}
