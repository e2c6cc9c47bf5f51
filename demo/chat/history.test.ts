import 'fake-indexeddb/auto';
import { afterEach, expect, test } from 'vitest';
import { History, newTurnId, titleOf, type HistoryChange, type TurnRecord } from './history.ts';

const opened: History[] = [];
let databases = 0;

async function open(name = `chats-${++databases}`): Promise<History> {
  const history = await History.open(name);
  opened.push(history);
  return history;
}
afterEach(() => {
  for (const history of opened.splice(0)) history.close();
});

function turn(chat: string, asked: string, said: string, time: number): TurnRecord {
  return { chat, id: newTurnId(time), asked, said, end: 'stop', model: 'tiny', changed: time };
}

test('titles are the first words', () => {
  expect(titleOf('  Why is\n the sky blue? ')).toBe('Why is the sky blue?');
  expect(titleOf('word '.repeat(30))).toBe(`${'word '.repeat(12).trim()} …`);
  expect(titleOf('x'.repeat(90))).toBe(`${'x'.repeat(60)} …`);
  expect(titleOf(' ')).toBe('Without words');
});

test('turns come back in order, conversations with the latest first', async () => {
  const history = await open();
  await history.begin(turn('a', 'First?', 'One', 1000));
  await history.begin(turn('b', 'Other?', 'Two', 2000));
  await history.begin(turn('a', 'Then?', 'Three', 3000));
  expect((await history.list()).map(({ id, title }) => [id, title])).toEqual([
    ['a', 'First?'],
    ['b', 'Other?'],
  ]);
  expect((await history.turns('a')).map(({ said }) => said)).toEqual(['One', 'Three']);
  await history.rename('a', 'A better name');
  await history.begin(turn('a', 'More?', 'Four', 4000));
  expect((await history.list())[0]?.title).toBe('A better name');
});

test('two tabs in one conversation overwrite nothing', async () => {
  const one = await open('shared');
  const two = await open('shared');
  const here = turn('c', 'Here?', '', 1000);
  const there = turn('c', 'There?', '', 1000);
  await Promise.all([one.begin(here), two.begin(there)]);
  await Promise.all([
    one.write({ ...here, said: 'yes' }),
    two.write({ ...there, said: 'no' }),
    one.rename('c', 'Both'),
  ]);
  expect((await two.turns('c')).map(({ asked, said }) => `${asked} ${said}`).sort()).toEqual([
    'Here? yes',
    'There? no',
  ]);
  expect((await one.list())[0]?.title).toBe('Both');
});

test('a deleted conversation stays deleted, until it is restored', async () => {
  const history = await open();
  const first = turn('d', 'Gone?', 'Yes', 1000);
  await history.begin(first);
  const removed = await history.delete('d');
  expect(await history.write({ ...first, said: 'late' })).toBe(false);
  expect(await history.list()).toEqual([]);
  expect(await history.turns('d')).toEqual([]);
  await history.restore(removed!);
  expect((await history.turns('d')).map(({ said }) => said)).toEqual(['Yes']);
  expect(await history.delete('nobody')).toBeUndefined();
});

test('a turn that came to nothing takes an empty conversation with it', async () => {
  const history = await open();
  const only = turn('e', 'Nothing?', '', 1000);
  await history.begin(only);
  await history.forget(only);
  expect(await history.list()).toEqual([]);
});

test('other tabs hear of changes', async () => {
  const one = await open('heard');
  const two = await open('heard');
  const heard: HistoryChange[] = [];
  const twice = new Promise<void>((resolve) => {
    two.onChange((change) => void (heard.push(change) === 2 && resolve()));
  });
  await one.begin(turn('f', 'Heard?', 'Yes', 1000));
  await one.delete('f');
  await twice;
  expect(heard).toEqual([
    { chat: 'f', kind: 'changed' },
    { chat: 'f', kind: 'deleted' },
  ]);
});
