// What the page tells whoever drives it (`npm start -- --prompt`, the browser tests): DOM events on
// the document. People see the same on the page.
import type { Failure } from '../load/failure.ts';
import type { Progress } from '../load/engine.ts';

export interface ChatEvents {
  'quern:progress': Progress;
  /** A piece of the answer. */
  'quern:answer': { text: string };
  'quern:end': {
    tokens: number;
    tokensPerSecond: number;
    adapter: string;
    /** Bytes of the model that came over the network in this visit. */
    bytesFetched: number;
  };
  'quern:error': Failure;
}

export function tell<K extends keyof ChatEvents>(name: K, detail: ChatEvents[K]): void {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}
