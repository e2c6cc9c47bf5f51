// Reads all that is stored of a model and compares each chunk with the SHA-256 that it was stored with, and a file that
// is there whole with the one that its hub tells, unless that was done before.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Progress, VerifyReport } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { findGroup, groupFiles } from './cached-models.ts';
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import { chunkLength, isComplete, storedBytes } from '../chunk-stores/chunk-store.ts';
import { createProgressMeter } from '../progress-meter.ts';

export interface VerifyModelOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Drops the chunks that are damaged, and nothing else; of a file that is another than its hub's, all. Throws 'not-found' (also where the model is deleted or
 * replaced while it is read), 'aborted', 'storage-error'.
 */
export async function verifyModel(
  store: ChunkStore,
  id: string,
  { onProgress = () => undefined, signal }: VerifyModelOptions = {},
): Promise<VerifyReport> {
  const { files } = findGroup(groupFiles(await store.list()), id);
  const report: VerifyReport = { checked: 0, damaged: 0 };
  const meter = createProgressMeter({
    phase: 'verify',
    file: files[0]!.name,
    fileTotal: storedBytes(files[0]!),
    total: files.reduce((sum, file) => sum + storedBytes(file), 0),
    onProgress,
  });
  for (const file of files) {
    meter.setFile(file.name, storedBytes(file));
    const whole =
      !file.verified && file.sha256 !== undefined && isComplete(file) ? sha256.create() : undefined;
    const damagedBefore = report.damaged;
    for (const index of [...file.stored].sort((a, b) => a - b)) {
      throwIfAborted(signal);
      report.checked += 1;
      const bytes = await store.get(file, index);
      if (bytes) whole?.update(bytes);
      else {
        await refuseOther(store, file);
        report.damaged += 1;
      }
      meter.add(chunkLength(file.byteLength, index), 'cache');
    }
    if (!whole || report.damaged > damagedBefore) continue;
    if (bytesToHex(whole.digest()) === file.sha256) await store.markVerified(file);
    else {
      report.damaged += file.chunkCount;
      await store.delete(file.key);
    }
  }
  meter.end();
  return report;
}

async function refuseOther(store: ChunkStore, file: StoredFile): Promise<void> {
  if ((await store.find(file.key))?.id === file.id) return;
  throw new QuernError('not-found', `${file.name} was deleted or replaced while it was being checked`);
}
