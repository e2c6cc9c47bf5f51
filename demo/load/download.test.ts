import { expect, test } from 'vitest';
import { Download } from './download.ts';
import type { CachedModel, Models, Progress } from './engine.ts';

const PROGRESS: Progress = {
  phase: 'download',
  loaded: 4,
  total: 10,
  file: 'a.gguf',
  fileLoaded: 4,
  fileTotal: 10,
  from: 'network',
  bytesPerSecond: 2,
};

/** A cache whose download goes on until it is told how it ends, or its signal aborts. */
function scripted() {
  const calls: Array<{
    finish: () => void;
    fail: (error: Error) => void;
    progress: () => void;
    makeRoom: string | undefined;
  }> = [];
  const models: Pick<Models, 'download'> = {
    download: ({ signal, onProgress, makeRoom }) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('stopped')));
        calls.push({
          finish: () => resolve({} as CachedModel),
          fail: reject,
          progress: () => onProgress?.(PROGRESS),
          makeRoom,
        });
      }),
  };
  return { models, calls };
}

test('pauses, goes on, and ends', async () => {
  const { models, calls } = scripted();
  const states: string[] = [];
  const download: Download = new Download(models, 'a', () => states.push(download.state));
  const first = download.run();
  expect(await download.run()).toBe(false); // it runs already
  calls[0]!.progress();
  download.pause();
  expect(await first).toBe(false);
  expect(download.state).toBe('paused');
  expect(download.progress?.loaded).toBe(4);
  calls[0]!.progress(); // comes late, and is not heard
  const second = download.run();
  calls[1]!.finish();
  expect(await second).toBe(true);
  expect(states).toEqual(['running', 'running', 'paused', 'running', 'idle']);
  expect(calls).toHaveLength(2);
});

test('a failure is kept until the next try, and progress with it', async () => {
  const { models, calls } = scripted();
  const download = new Download(models, 'a', () => {});
  const first = download.run();
  calls[0]!.progress();
  calls[0]!.fail(new Error('no room'));
  expect(await first).toBe(false);
  expect([download.state, download.error, download.progress?.loaded]).toEqual([
    'failed',
    new Error('no room'),
    4,
  ]);
  const second = download.run(true);
  expect(download.error).toBeUndefined();
  expect(calls.map(({ makeRoom }) => makeRoom)).toEqual([undefined, 'least-recently-used']);
  calls[1]!.finish();
  await second;
  download.reset();
  expect([download.state, download.progress]).toEqual(['idle', undefined]);
});
