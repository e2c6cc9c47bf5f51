import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** Long enough for every promise that can settle to have settled. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test('come in the order they were asked for, one at a time', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const ends: Array<() => void> = [];
  const take = async (name: string) => {
    const end = await turns.take();
    order.push(name);
    ends.push(end);
  };
  const all = [take('a'), take('b'), take('c')];
  await settled();
  expect(order).toEqual(['a']);
  ends[0]!();
  await settled();
  expect(order).toEqual(['a', 'b']);
  ends[1]!();
  await Promise.all(all);
  expect(order).toEqual(['a', 'b', 'c']);
});

test('who is aborted while waiting leaves at once, and the next does not get in early', async () => {
  const turns = new Turns();
  const endFirst = await turns.take();
  const abort = new AbortController();
  const waiting = turns.take(abort.signal);
  let thirdIn = false;
  const third = turns.take().then((end) => {
    thirdIn = true;
    return end;
  });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  await settled();
  expect(thirdIn).toBe(false);
  endFirst();
  (await third)();
  (await turns.take())();
});

test('a signal that fired before is refused without a wait, and holds nobody up', async () => {
  const turns = new Turns();
  const end = await turns.take();
  await expect(turns.take(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  end();
  (await turns.take())();
});

test('a signal that fires during the turn changes nothing for the next', async () => {
  const turns = new Turns();
  const abort = new AbortController();
  const end = await turns.take(abort.signal);
  let secondIn = false;
  const second = turns.take().then((endSecond) => {
    secondIn = true;
    return endSecond;
  });
  abort.abort();
  await settled();
  expect(secondIn).toBe(false);
  end();
  (await second)();
});

test('a turn that is ended twice, or by someone who failed, is ended once', async () => {
  const turns = new Turns();
  const end = await turns.take();
  end();
  end();
  const endSecond = await turns.take();
  let thirdIn = false;
  const third = turns.take().then((endThird) => {
    thirdIn = true;
    return endThird;
  });
  end();
  await settled();
  expect(thirdIn).toBe(false);
  endSecond();
  (await third)();
});
