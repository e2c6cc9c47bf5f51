// Notices a leader that holds its lock and does nothing: phones suspend the tabs that nobody sees, workers
// and all, without releasing what they hold. Only a tab that is seen asks, so that suspended tabs do not
// wake up to judge others.

export interface Pulse {
  /** The leader has said something. */
  heard(): void;
  stop(): void;
}

export interface PulseOptions {
  /** Asks the leader to say something. False where nobody needs to be asked. */
  ask: () => boolean;
  /** Nothing was heard after UNANSWERED asks. */
  onSilence: () => void;
  everyMs: number;
}

/** More than one: a tab that was asleep itself has an old one open, and its answer waits to be read. */
const UNANSWERED = 2;

export function takePulse({ ask, onSilence, everyMs }: PulseOptions): Pulse {
  let unanswered = 0;
  const timer = setInterval(() => {
    const unseen = globalThis.document?.visibilityState === 'hidden';
    if (!unseen && unanswered === UNANSWERED) {
      unanswered = 0;
      onSilence();
    } else {
      unanswered = !unseen && ask() ? unanswered + 1 : 0;
    }
  }, everyMs);
  return {
    heard: () => void (unanswered = 0),
    stop: () => clearInterval(timer),
  };
}
