// Models for tests of what is said about them: a list that can be shortened, and downloads of 3 MiB.

import { type CachedModel, QuernError, throwIfAborted } from '@quern/spec';
import type { DownloadOptions, Models } from '../api/models.ts';

export class FakeModels implements Pick<
  Models,
  'download' | 'list' | 'usage' | 'delete' | 'verify' | 'export'
> {
  models: CachedModel[];
  /** Chunks that `verify` finds damaged. */
  damaged = 0;
  readonly downloads: DownloadOptions[] = [];

  constructor(models: CachedModel[] = []) {
    this.models = models;
  }

  readonly list = async (): Promise<CachedModel[]> => this.models;
  readonly usage = async () => ({ usage: 5 * 2 ** 20, quota: 2 ** 30, persisted: true });

  readonly download = async (options: DownloadOptions): Promise<CachedModel> => {
    this.downloads.push(options);
    const bytes = 3 * 2 ** 20;
    const file = { file: 'x.gguf', fileLoaded: bytes, fileTotal: bytes };
    const figures = { loaded: bytes, total: bytes, from: 'network', bytesPerSecond: 2 ** 20 } as const;
    options.onProgress?.({ phase: 'download', ...file, ...figures });
    options.onWarning?.(new QuernError('storage-full', 'old went'));
    throwIfAborted(options.signal);
    return fakeModel(String(options.model), { bytes });
  };

  readonly delete = async (id: string): Promise<void> => {
    this.models = this.models.filter((model) => model.id !== id);
  };

  readonly verify = async () => ({ checked: 7, damaged: this.damaged });

  readonly export = (id: string, file: string): ReadableStream<Uint8Array> =>
    new Blob([`${file} of ${id}`]).stream();
}

export function fakeModel(id: string, more: Partial<CachedModel> = {}): CachedModel {
  return {
    id,
    name: id.replace('@main', ''),
    model: id,
    files: [{ name: 'x.gguf', bytes: 2 ** 20, storedBytes: 2 ** 20, verified: true }],
    bytes: 2 ** 20,
    storedBytes: 2 ** 20,
    complete: true,
    lastUsed: Date.UTC(2026, 10, 21, 18, 30),
    ...more,
  };
}
