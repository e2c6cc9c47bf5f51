// Chunks that nobody looks at any more are garbage, and engines collect that when some 64 MB of it have gathered: as
// much again as a load may hold. A page cannot ask for a collection, but memory that is asked for counts, though it is
// never touched and so never there; when it is dropped at once, what it costs is a collection that comes sooner.

/** Chunks' bytes after which one is due. */
const EVERY_BYTES = 16 * 2 ** 20;
const ASKED_BYTES = 32 * 2 ** 20;

export class SoonerCollected {
  #since = 0;

  /** Bytes were brought into memory that will be garbage soon. */
  add(bytes: number): void {
    this.#since += bytes;
    if (this.#since < EVERY_BYTES) return;
    this.#since = 0;
    try {
      void new ArrayBuffer(ASKED_BYTES);
    } catch {
      // There is not even the room to ask: the engine collects by itself.
    }
  }
}
