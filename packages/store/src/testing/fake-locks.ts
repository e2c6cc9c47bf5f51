// Web Locks as the tabs of an origin share them, as far as they are used here: exclusive, in line, ifAvailable, signal.
import type { Locks } from '../reading/download-turn.ts';

export class FakeLocks {
  readonly #held = new Map<string, Array<() => void>>();

  request: Locks['request'] = async (name: string, options: unknown, callback?: unknown) => {
    const { ifAvailable, signal } = options as LockOptions;
    const work = callback as (lock: unknown) => Promise<unknown>;
    const line = this.#held.get(name);
    if (line && ifAvailable) return work(null) as never;
    if (line) {
      await new Promise<void>((resolve, reject) => {
        line.push(resolve);
        signal?.addEventListener('abort', () => {
          const at = line.indexOf(resolve);
          if (at >= 0) line.splice(at, 1);
          reject(new DOMException('left', 'AbortError'));
        });
      });
    } else this.#held.set(name, []);
    try {
      return (await work({ name })) as never;
    } finally {
      const next = this.#held.get(name)?.shift();
      if (next) next();
      else this.#held.delete(name);
    }
  };

  get held(): string[] {
    return [...this.#held.keys()];
  }
}
