// Reads little-endian values from the front of a source, of which only a prefix is in memory. Reading is
// synchronous; running off the prefix throws MoreBytes, `parsePart` fetches a larger prefix and starts
// that part again. The prefix grows by a share of itself, so all repeated work together is a few times what is read once.

import { QuernError, type ByteSource } from '@quern/spec';
import { FIRST_READ_BYTES, MAX_HEADER_BYTES } from './limits.ts';

class MoreBytes {
  readonly end: number;
  constructor(end: number) {
    this.end = end;
  }
}

/** Up to here the prefix doubles; from here on it grows by so much, or a quarter: what is fetched comes in chunks. */
const LARGE_STEP = 4 * 2 ** 20;

const NO_BYTES = new Uint8Array(0);

export class HeaderCursor {
  readonly source: ByteSource;
  position = 0;
  /** What is being read, for messages: "metadata key 'x'". */
  part = 'the magic number';
  #bytes: Uint8Array = NO_BYTES;
  #view = new DataView(NO_BYTES.buffer);
  // A vocabulary may hold U+FEFF as a token: it must not be taken for a byte order mark.
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(source: ByteSource) {
    this.source = source;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** A uint64 that must be at most `limit`. */
  count(what: string, limit: number): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
    if (value <= limit) return value;
    throw this.corrupt(`${what} is ${this.#view.getBigUint64(at, true)}, more than the limit of ${limit}`);
  }

  /** UTF-8 with a uint64 length before it. Broken sequences become U+FFFD. */
  string(what: string, limit: number): string {
    const length = this.count(`the length of ${what}`, limit);
    const at = this.#take(length);
    return this.#utf8.decode(this.#bytes.subarray(at, at + length));
  }

  /** A copy of the next bytes, in a buffer of its own. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length);
    return Uint8Array.from(this.#bytes.subarray(at, at + length));
  }

  /** Refuses a count of items that cannot fit in the rest of the file. */
  expectRoom(items: number, bytesEach: number, what: string): void {
    if (items * bytesEach <= this.source.byteLength - this.position) return;
    throw this.corrupt(
      `${items} ${what} need at least ${items * bytesEach} bytes, but only ` +
        `${this.source.byteLength - this.position} follow; the file is damaged or its download is incomplete`,
    );
  }

  /** An error of code 'corrupt-file' that says where. */
  corrupt(message: string): QuernError {
    return new QuernError('corrupt-file', `${this.source.name}, ${this.part}: ${message}`);
  }

  /** Runs a synchronous `parse`, again from its start for as long as it runs out of bytes. */
  async parsePart<T>(parse: () => T, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      const start = this.position;
      try {
        return parse();
      } catch (error) {
        if (!(error instanceof MoreBytes)) throw error;
        this.position = start;
        await this.#extend(error.end, signal);
      }
    }
  }

  #take(length: number): number {
    const at = this.position;
    const end = at + length;
    if (end > this.#bytes.length) this.#runOut(end);
    this.position = end;
    return at;
  }

  #runOut(end: number): never {
    if (end <= this.source.byteLength) throw new MoreBytes(end);
    throw this.corrupt(
      `the file ends at byte ${this.source.byteLength}, but the header goes on to byte ${end} or further; ` +
        'its download is incomplete',
    );
  }

  async #extend(end: number, signal: AbortSignal | undefined): Promise<void> {
    if (end > MAX_HEADER_BYTES) {
      throw this.corrupt(`the header is longer than the limit of ${MAX_HEADER_BYTES} bytes`);
    }
    const have = this.#bytes.length;
    const step = Math.max(Math.min(have, LARGE_STEP), Math.floor(have / 4));
    const wanted = Math.min(Math.max(end, have + step, FIRST_READ_BYTES), this.source.byteLength);
    const more = await this.source.read(have, wanted - have, signal);
    if (more.length !== wanted - have) {
      throw this.corrupt(`asked for ${wanted - have} bytes at ${have}, got ${more.length}`);
    }
    const grown = new Uint8Array(wanted);
    grown.set(this.#bytes);
    grown.set(more, have);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
