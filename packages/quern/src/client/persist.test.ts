import type { Progress } from '@quern/spec';
import { afterEach, expect, it, vi } from 'vitest';
import type { LoadHooks } from '../api/load-hooks.ts';
import { persistOnDownload } from './persist.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('asks once a page, when the first bytes come over the network, and is waited for by nobody', async () => {
  const persist = vi.fn(() => new Promise<boolean>(() => undefined));
  vi.stubGlobal('navigator', { storage: { persisted: async () => false, persist } });
  const told: Progress[] = [];
  const { onProgress } = persistOnDownload<LoadHooks>({ onProgress: (p) => told.push(p) });
  const event: Progress = {
    phase: 'weights',
    loaded: 5,
    total: 10,
    file: 'x',
    fileLoaded: 5,
    fileTotal: 10,
    from: 'network',
    bytesPerSecond: 1,
  };
  const tell = async (more: Partial<Progress>) => {
    onProgress!({ ...event, ...more });
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  await tell({ from: 'cache' });
  await tell({ from: 'file' });
  await tell({ loaded: 0 });
  expect(persist).toHaveBeenCalledTimes(0);
  await tell({});
  await tell({ loaded: 6 });
  persistOnDownload<LoadHooks>({}).onProgress!(event);
  await tell({});
  expect(persist).toHaveBeenCalledTimes(1);
  expect(told).toHaveLength(6);
});
