// The tab that runs the worker for the others: lets each into it through a tunnel of its own. A follower
// lives as long as it holds the lock that its talk is named by.

import { openTunnel } from '../../wire/tunnel.ts';
import { isConnectMessage } from '../../wire/host-api.ts';
import { type Locks, watchLock } from '../../wire/life-lock.ts';
import { connect, type Link } from '../link.ts';
import type { StartedWorker } from '../start-worker.ts';

/** The first message of a talk: from here on the leader listens. */
export interface OpenWord {
  type: 'open';
  leader: string;
}

export interface Leader {
  readonly name: string;
  readonly worker: Worker;
  /** Opens a follower's talk. `talk` names its channel, and the lock that the follower holds. */
  answer(talk: string): void;
  /** Ends once no follower is left. */
  retire(): void;
  /** Stops the worker at once. */
  end(): void;
}

export interface LeaderOptions {
  started: StartedWorker;
  locks: Locks;
  channel: (name: string) => BroadcastChannel;
  /** The worker is gone: it failed, or nobody needs it any more. */
  onEnd: () => void;
}

export function lead({ started: { worker, terminate }, locks, channel, onEnd }: LeaderOptions): Leader {
  const name = `quern-leader-${crypto.randomUUID()}`;
  const talks = new Map<string, () => void>();
  let keeper: Link | undefined;
  let retired = false;
  let ended = false;

  const end = () => {
    if (ended) return;
    ended = true;
    unwatchPage();
    for (const hangUp of talks.values()) hangUp();
    keeper?.close();
    terminate();
    onEnd();
  };
  const unwatchPage = onPutAside(end);
  // A client that asks for nothing and learns when the worker dies: this tab's own engine may be unloaded.
  const keep = async () => {
    try {
      keeper = await connect(worker, locks);
      keeper.onFail(end);
      if (ended) keeper.close();
    } catch {
      end(); // it did not start; whoever wants something of it is told why
    }
  };
  void keep();

  return {
    name,
    worker,
    answer(talk) {
      if (ended || talks.has(talk)) return;
      const line = channel(talk);
      const { port1: entry, port2: first } = new MessageChannel();
      entry.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (isConnectMessage(data)) worker.postMessage(data, [data.port]);
      });
      entry.start();
      const tunnel = openTunnel(line, first, 1);
      const hangUp = () => {
        if (!talks.delete(talk)) return;
        unwatch();
        tunnel.close();
        entry.close();
        line.close();
        if (retired && talks.size === 0) end();
      };
      talks.set(talk, hangUp);
      const unwatch = watchLock(locks, talk, hangUp);
      line.postMessage({ type: 'open', leader: name } satisfies OpenWord);
    },
    retire() {
      retired = true;
      if (talks.size === 0) end();
    },
    end,
  };
}

/** A page that the browser keeps for later (for its back button, or frozen) may hold its locks, and does nothing. */
function onPutAside(tell: () => void): () => void {
  const { window, document } = globalThis;
  window?.addEventListener('pagehide', tell);
  document?.addEventListener('freeze', tell);
  return () => {
    window?.removeEventListener('pagehide', tell);
    document?.removeEventListener('freeze', tell);
  };
}
