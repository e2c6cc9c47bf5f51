// One SharedWorker for all tabs that ask for the same: the browser keeps it while any of them lives, so
// nothing has to be handed over. Whether it has WebGPU only it can say (Chromium and Firefox have it there,
// Safari has not), so it is asked, once in a page's life.

import type { Locks } from '../../wire/life-lock.ts';
import { connect } from '../link.ts';
import { hostGone, type Sharing } from './sharing.ts';

export interface SharedPlace {
  url: string;
  /** As the bundler left them: they say whether the file is a module. */
  options: WorkerOptions | undefined;
  /** Tabs that give the same name get the same worker. */
  name: string;
}

/** For starting, fetching 150 kB and asking for an adapter; who waits longer leads or follows instead. */
const PATIENCE_MS = 10_000;

const answers = new Map<string, Promise<boolean>>();

/** Whether a SharedWorker can run the engine here. Asks the one at `place`; remembered by its file. */
export function sharedWorkerHasGpu(place: SharedPlace, locks: Locks, patienceMs = PATIENCE_MS) {
  const { url } = place;
  const answer = answers.get(url) ?? ask(place, locks, patienceMs);
  answers.set(url, answer);
  return answer;
}

async function ask(place: SharedPlace, locks: Locks, patienceMs: number): Promise<boolean> {
  const { protocol, origin } = new URL(place.url);
  // What lies elsewhere would need a Blob's URL, and two tabs never have the same one.
  if (!protocol.startsWith('http') || origin !== globalThis.location?.origin) return false;
  if (typeof SharedWorker === 'undefined') return false;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patienceMs);
  try {
    const link = await connect(startShared(place), locks, stop.signal);
    try {
      return await link.guard(link.host.hasGpu(), stop.signal);
    } finally {
      link.close();
    }
  } catch {
    return false; // it did not start, or did not answer in time
  } finally {
    clearTimeout(timer);
  }
}

export function shareWorker(place: SharedPlace, locks: Locks): Sharing {
  return {
    join: (signal) => connect(startShared(place), locks, signal, hostGone),
    leave: () => undefined, // the link's end is all
  };
}

function startShared({ url, options, name }: SharedPlace): SharedWorker {
  return new SharedWorker(url, { type: options?.type, name });
}
