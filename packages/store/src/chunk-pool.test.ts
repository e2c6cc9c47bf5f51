import { expect, it } from 'vitest';
import { ChunkPool } from './chunk-pool.ts';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

it('keeps to its bounds over several files, and forgets what was used least', async () => {
  const pool = new ChunkPool(3, 2);
  const owners = [{}, {}];
  const bytes = new Uint8Array(1);
  const release: Array<() => void> = [];
  let loads = 0;
  const get = (owner: number, index: number): Promise<Uint8Array<ArrayBuffer>> =>
    pool.get(owners[owner] ?? {}, index, () => {
      loads++;
      return new Promise((resolve) => release.push(() => resolve(bytes)));
    });
  const first = [get(0, 0), get(1, 0), get(0, 1)];
  await tick();
  expect(loads).toBe(2);
  release.shift()?.();
  await tick();
  expect(loads).toBe(3);
  for (const done of release.splice(0)) done();
  await Promise.all(first);
  // Three are held. A fourth takes the place of the least used: not of the first, which is used again.
  await get(0, 0);
  expect(loads).toBe(3);
  const fourth = get(0, 2);
  await tick();
  release.shift()?.();
  await fourth;
  await get(0, 0);
  expect(loads).toBe(4);
  void get(1, 0);
  await tick();
  expect(loads).toBe(5);
});

it('forgets a failure, and a file that was closed', async () => {
  const pool = new ChunkPool();
  const owner = {};
  const fail = async (): Promise<never> => {
    throw new Error('no');
  };
  await expect(pool.get(owner, 0, fail)).rejects.toThrowError('no');
  const bytes = new Uint8Array([7]);
  expect(await pool.get(owner, 0, async () => bytes)).toBe(bytes);
  pool.drop(owner);
  const other = new Uint8Array([8]);
  expect(await pool.get(owner, 0, async () => other)).toBe(other);
});
