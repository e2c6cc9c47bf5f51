import { expect, it } from 'vitest';
import { backoffMs, sleep, Tries } from './retry.ts';

const policy = { tries: 3, baseMs: 100, capMs: 500, retryAfterCapMs: 10_000 };

it('doubles the wait up to the cap, with jitter', () => {
  const waits = (random: number): number[] =>
    [1, 2, 3, 4].map((n) => backoffMs(policy, n, null, () => random));
  expect(waits(1)).toEqual([100, 200, 400, 500]);
  expect(waits(0)).toEqual([50, 100, 200, 250]);
});

it('heeds Retry-After in both forms, within bounds', () => {
  const now = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT');
  const wait = (text: string): number => backoffMs(policy, 1, text, () => 1, now);
  expect(wait('2')).toBe(2000);
  expect(wait('Sun, 06 Nov 1994 08:49:40 GMT')).toBe(3000);
  expect(wait('Sun, 06 Nov 1994 08:49:00 GMT')).toBe(0);
  expect(wait('86400')).toBe(10_000);
  expect(wait('soon')).toBe(100);
});

it('progress earns new tries', async () => {
  const tries = new Tries({ policy: { ...policy, baseMs: 1 }, what: 'x', signal: undefined });
  await tries.failed('a');
  await tries.failed('b');
  tries.progress();
  await tries.failed('c');
  await tries.failed('d');
  tries.position = ' at 5';
  await expect(tries.failed('e')).rejects.toMatchObject({ message: 'x at 5: e; gave up after 3 tries' });
});

it('gives none up while other requests bring bytes', async () => {
  let brought = 0;
  let troubles = 0;
  const tries = new Tries({
    policy: { ...policy, baseMs: 1, capMs: 1 },
    what: 'x',
    signal: undefined,
    onTrouble: () => troubles++,
    broughtInAll: () => brought,
  });
  for (; brought < 10; brought++) await tries.failed('busy');
  await tries.failed('busy');
  await tries.failed('busy');
  await expect(tries.failed('dead')).rejects.toMatchObject({ message: 'x: dead; gave up after 3 tries' });
  expect(troubles).toBe(13);
});

it('sleep ends with the signal', async () => {
  await expect(sleep(60_000, AbortSignal.timeout(10))).rejects.toMatchObject({ code: 'aborted' });
  await expect(sleep(60_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
});
