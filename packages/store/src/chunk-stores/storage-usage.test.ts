import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openDirectoryChunkStore } from './directory-chunk-store.ts';
import { directoryUsage } from './directory-usage.ts';
import { originUsage } from './storage-usage.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('is what the browser tells, and nothing where it tells nothing', async () => {
  const told = { usage: 5, quota: 100 };
  const storage = { estimate: async () => told, persisted: async () => false };
  vi.stubGlobal('navigator', { storage });
  expect(await originUsage()).toEqual({ usage: 5, quota: 100, persisted: false });
  const refusal = () => Promise.reject(new DOMException('no', 'SecurityError'));
  vi.stubGlobal('navigator', { storage: { ...storage, estimate: refusal } });
  expect(await originUsage()).toBeUndefined();
  vi.stubGlobal('navigator', {});
  expect(await originUsage()).toBeUndefined();
});

it('is bytes on disk in Node, of what there and free space make', async () => {
  const path = await mkdtemp(join(tmpdir(), 'usage-'));
  const store = await openDirectoryChunkStore(path);
  try {
    const before = await directoryUsage(path);
    const file = await store.open({ key: 'k', name: 'k', byteLength: 1000, validator: undefined });
    await store.put(file, 0, patternBytes(1000));
    const after = await directoryUsage(path);
    expect(after.usage - before.usage).toBeGreaterThan(1000);
    expect(after.usage - before.usage).toBeLessThan(2000);
    expect(after.quota).toBeGreaterThan(after.usage);
    await expect(directoryUsage(join(path, 'nothing'))).rejects.toMatchObject({ code: 'storage-error' });
  } finally {
    await store.close();
    await rm(path, { recursive: true });
  }
});
