// Where bytes come from, as the formats see it: a name, a length, and byte ranges.

export interface ByteSource {
  /** File name, for messages and for the format's suffix. */
  readonly name: string;
  readonly byteLength: number;
  /**
   * Exactly `length` bytes at `offset`. A reader goes forward in large steps where it can; a source
   * may fetch ahead. They may be a view of bytes that the source goes on to store, at any alignment: never write
   * to them, and do not keep them longer than needed. Throws QuernError: 'corrupt-file' when the source ends early, 'network',
   * 'storage-error', 'aborted'.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Where the bytes of the last reads came from, for progress. */
  readonly origin: 'network' | 'cache' | 'file';
  /** Bytes that came over the network so far. */
  readonly bytesFetched: number;
  /** Bytes of the file that need no network. Undefined: all of a local file, none of another. */
  readonly cachedBytes?: number;
  /**
   * Of a source that keeps what it reads, to be called when all that is needed was read: fetches what was not, so that
   * the file is kept whole, and resolves when all of it is kept (or the store has failed, which is no error here) and
   * agrees with the SHA-256 that a hub told. Throws 'corrupt-file' where it does not, 'network', 'aborted'.
   */
  complete?(options?: CompleteOptions): Promise<void>;
  /** True: it comes in one piece from front to back (a server without ranges), and to go back is to begin anew. */
  readonly forwardOnly?: boolean;
  /** False: its reader wants a header and no more, so nothing is fetched ahead. Default true. */
  readsAhead?: boolean;
  close(): Promise<void>;
}

export interface CompleteOptions {
  signal?: AbortSignal | undefined;
}
