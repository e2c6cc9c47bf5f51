// A file on a web server, without a cache.
import type { ByteSource } from '@quern/spec';
import { ChunkPool } from '../reading/chunk-pool.ts';
import { CHUNK_BYTES, chunkLength } from '../chunk-stores/chunk-store.ts';
import { ChunkedSource } from '../reading/chunked-source.ts';
import { nameOfUrl } from './file-key.ts';
import type { HttpOptions } from './http-request.ts';
import { httpOf } from './http-request.ts';
import type { RemoteFile } from './remote-file.ts';
import { openRemote } from './remote-file.ts';

export interface UrlOptions extends HttpOptions {
  /** Ends the opening and everything after it. */
  signal?: AbortSignal;
  /** The file's name in messages; else the last part of the URL's path. */
  name?: string;
  /** Shared by the files of one model, so that they share one memory bound. */
  pool?: ChunkPool;
}

/**
 * Opens an absolute http(s) or blob URL; the first chunk is already being fetched when this resolves.
 * Throws 'not-found', 'network', 'aborted'.
 */
export async function openUrl(url: string, options: UrlOptions = {}): Promise<ByteSource> {
  const pool = options.pool ?? new ChunkPool();
  const http = httpOf(options, () => pool.pace.trouble());
  const remote = await openRemote(url, http, { start: 0, end: CHUNK_BYTES }, options.signal);
  const loader = {
    name: options.name ?? nameOfUrl(url),
    byteLength: remote.byteLength,
    get bytesFetched(): number {
      return remote.bytesFetched;
    },
    get forwardOnly() {
      return !remote.ranged;
    },
    fromNetwork: () => true,
    load: async (index: number) => ({ bytes: await readChunk(remote, index), from: 'network' as const }),
    close: async () => remote.close(),
  };
  return new ChunkedSource(loader, pool, remote.byteLength > 0 ? 0 : undefined);
}

export function readChunk(remote: RemoteFile, index: number): Promise<Uint8Array<ArrayBuffer>> {
  const start = index * CHUNK_BYTES;
  return remote.read(start, start + chunkLength(remote.byteLength, index));
}
