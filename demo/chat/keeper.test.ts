import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import { History } from './history.ts';
import { Keeper } from './keeper.ts';

const METER = { tokens: 2, tokensPerSecond: 10, timeToFirstTokenMs: 5 };

test('what has been said is written within a second, and on leaving', async () => {
  const history = await History.open('keeper');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const keeper = new Keeper(history, (error) => expect.unreachable(String(error)));
    await keeper.begin('a', 'tiny', 'Why?');
    keeper.grow('Because');
    expect((await keeper.turns('a'))[0]?.said).toBe('');
    vi.advanceTimersByTime(1000);
    expect(await keeper.turns('a')).toMatchObject([{ asked: 'Why?', said: 'Because', end: 'open' }]);
    keeper.grow(' it is');
    await keeper.flush();
    expect((await keeper.turns('a'))[0]?.said).toBe('Because it is');
    await keeper.end({ text: 'Because it is so', end: 'stop', ...METER });
    expect(await keeper.turns('a')).toMatchObject([{ said: 'Because it is so', end: 'stop', meter: METER }]);
  } finally {
    vi.useRealTimers();
    history.close();
  }
});

test('a store that fails is told of once, and nothing is thrown', async () => {
  const history = await History.open('failing');
  history.close();
  const failures: unknown[] = [];
  const keeper = new Keeper(history, (error) => failures.push(error));
  await keeper.begin('a', 'tiny', 'Why?');
  keeper.grow('Because');
  await keeper.flush();
  await keeper.end({ text: 'Because', end: 'stop', ...METER });
  expect(await keeper.turns('a')).toEqual([]);
  expect(failures).toHaveLength(1);
});
