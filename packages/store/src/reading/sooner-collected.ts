// Chunks that nobody looks at any more are garbage, and engines collect that when some 64 MB of it have gathered: as
// much again as a load may hold. A page cannot ask for a collection, but memory that is asked for counts, though it is
// never touched and so never there; when it is dropped at once, what it costs is a step of a collection that comes sooner.

/** Chunks' bytes after which one is due. */
const EVERY_BYTES = 16 * 2 ** 20;
/** More than engines let gather, and so many times, as a collection goes in steps. */
const ASKED_BYTES = 72 * 2 ** 20;
const TIMES = 4;
/** After the last chunk, when nobody looks at that one either. */
const QUIET_MS = 400;
const LAST_TIMES = 16;

export class SoonerCollected {
  #since = 0;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  /** Bytes were brought into memory that will be garbage soon. */
  add(bytes: number): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => ask(LAST_TIMES), QUIET_MS);
    // Node would stay for it.
    (this.#quiet as { unref?: () => void }).unref?.();
    this.#since += bytes;
    if (this.#since < EVERY_BYTES) return;
    this.#since = 0;
    ask(TIMES);
  }
}

function ask(times: number): void {
  try {
    for (let i = 0; i < times; i++) void new ArrayBuffer(ASKED_BYTES);
  } catch {
    // There is not even the room to ask: the engine collects by itself.
  }
}
