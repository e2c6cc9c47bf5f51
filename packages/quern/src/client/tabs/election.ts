// One worker for all tabs that ask for the same, where there is no SharedWorker with WebGPU: whoever holds
// the lock 'quern-leader-<key>' runs it (leader.ts), all others wait for that lock and meanwhile talk to the
// leader. They meet on one BroadcastChannel, where a follower asks and a new leader announces itself; each
// conversation then has a channel of its own, so that no tab gets what another's model says. A follower
// hears the announcement, or gets the lock; only from a leader that is silent does it take the lock away.

import { QuernError, throwIfAborted } from '@quern/spec';
import { holdLock, type Locks } from '../../wire/life-lock.ts';
import { openTunnel, type Tunnel } from '../../wire/tunnel.ts';
import { connect, type Link } from '../link.ts';
import type { StartedWorker } from '../start-worker.ts';
import { type Leader, lead, type OpenWord } from './leader.ts';
import { takePulse } from './pulse.ts';
import { hostGone, type Sharing } from './sharing.ts';

/** What is said on the channel that all share. */
type Word =
  | { type: 'ask'; talk: string }
  | { type: 'leads'; leader: string }
  | { type: 'awake?' } // a follower's pulse, and its answer:
  | { type: 'awake' };

/** Three times this is how long a silent leader is waited for. */
const PULSE_MS = 3000;

export interface ElectionOptions {
  /** Tabs with the same key share one worker. */
  key: string;
  locks: Locks;
  /** Starts the worker where this tab is to lead. */
  start: () => StartedWorker;
  channel?: (name: string) => BroadcastChannel;
  pulseMs?: number;
}

/** One try to reach the host, and the link that came of it. */
interface Reach {
  stop: AbortController;
  link?: Link;
  /** Who answered. */
  leader?: string;
}

export function standForElection({
  key,
  locks,
  start,
  channel = (name) => new BroadcastChannel(name),
  pulseMs = PULSE_MS,
}: ElectionOptions): Sharing {
  const room = channel(`quern-tabs-${key}`);
  let leader: Leader | undefined;
  let candidacy: AbortController | undefined;
  let reach: Reach | undefined;
  let refused: { error: unknown } | undefined;
  let left = false;

  /** The host that was reached, or was being reached for, is no longer the one. */
  const moved = () => {
    reach?.stop.abort();
    reach?.link?.fail(hostGone());
  };
  const say = (word: Word) => room.postMessage(word);
  const take = (release: () => void): Leader | undefined => {
    const onEnd = () => {
      leader = undefined;
      candidacy = undefined;
      release();
      if (left) close();
    };
    try {
      leader = lead({ started: start(), locks, channel, onEnd });
      say({ type: 'leads', leader: leader.name });
    } catch (error) {
      refused = { error };
      onEnd();
    }
    moved();
    return leader;
  };
  const request = (options: LockOptions) => {
    let mine: Leader | undefined;
    const granted = () =>
      new Promise<void>((release) => {
        if (left) release();
        else mine = take(release);
      });
    locks.request(`quern-leader-${key}`, options, granted).catch(() => mine?.end()); // left; or taken from us
  };
  const stand = () => {
    if (candidacy) return;
    candidacy = new AbortController();
    request({ signal: candidacy.signal });
  };
  const pulse = takePulse({
    everyMs: pulseMs,
    ask() {
      const following = candidacy !== undefined && !leader;
      if (following) say({ type: 'awake?' });
      return following;
    },
    onSilence() {
      candidacy?.abort();
      candidacy = new AbortController();
      request({ steal: true });
    },
  });
  const close = () => {
    pulse.stop();
    room.close();
  };
  room.addEventListener('message', ({ data: word }: MessageEvent<Word>) => {
    if (word.type === 'ask') leader?.answer(word.talk);
    else if (word.type === 'awake') pulse.heard();
    else if (word.type === 'leads') {
      if (!leader && word.leader !== reach?.leader) moved();
    } else if (leader) say({ type: 'awake' });
  });

  const follow = async (to: Reach): Promise<Link> => {
    const talk = `quern-talk-${crypto.randomUUID()}`;
    const release = await holdLock(locks, talk); // before the leader hears of it and waits for it
    const line = channel(talk);
    const { port1: entry, port2: first } = new MessageChannel();
    let tunnel: Tunnel | undefined;
    const hangUp = () => {
      tunnel?.close();
      first.close();
      line.close();
      release();
    };
    const onOpen = ({ data: word }: MessageEvent<OpenWord>) => {
      to.leader = word.leader;
      tunnel = openTunnel(line, first, 0);
    };
    line.addEventListener('message', onOpen, { once: true });
    try {
      say({ type: 'ask', talk });
      const link = await connect(entry, locks, to.stop.signal, hostGone);
      link.onFail(hangUp);
      return link;
    } catch (error) {
      hangUp();
      throw error;
    }
  };

  return {
    async join(signal) {
      for (;;) {
        throwIfAborted(signal);
        if (left) throw new QuernError('unloaded', 'This engine was unloaded. Create another one.');
        const to: Reach = { stop: new AbortController() };
        const stop = () => to.stop.abort();
        reach = to;
        stand();
        signal?.addEventListener('abort', stop);
        try {
          to.link = leader ? await connect(leader.worker, locks, to.stop.signal, hostGone) : await follow(to);
          if (!to.stop.signal.aborted) return to.link;
          to.link.close();
        } catch (error) {
          if (refused) {
            const { error: reason } = refused;
            refused = undefined;
            throw reason;
          }
          if (!to.stop.signal.aborted) throw error;
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      }
    },
    leave() {
      left = true;
      moved();
      candidacy?.abort();
      if (leader) leader.retire();
      else close();
    },
  };
}
