import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

async function state(work: Promise<unknown>): Promise<'waits' | 'has'> {
  return Promise.race([work.then(() => 'has' as const), soon().then(() => 'waits' as const)]);
}

describe('a byte budget', () => {
  it('gives a keeper what is not reserved, at once or not at all', () => {
    const budget = new ByteBudget(100, 20);
    const give = budget.tryFill(50, false)!;
    expect(budget.tryFill(40, false)).toBeUndefined();
    give();
    give();
    expect(budget.tryFill(40, false)).toBeDefined();
    expect(budget.held).toBe(40);
  });

  it('keeps room for whoever empties it', async () => {
    const budget = new ByteBudget(100, 20);
    budget.tryFill(80, false);
    expect(await state(budget.take(20))).toBe('has');
    expect(budget.most).toBe(100);
  });

  it('grants what is larger than itself when nothing else is held', async () => {
    const budget = new ByteBudget(100, 20);
    const give = budget.tryFill(1, false)!;
    const large = budget.take(1000);
    expect(await state(large)).toBe('waits');
    give();
    expect(await state(large)).toBe('has');
  });

  it('is a third of a small model, never less than half of what it is by default, and never more than it was', () => {
    const MIB = 2 ** 20;
    const suited = (budget: ByteBudget, bytes: number) => {
      budget.suit(bytes);
      return [budget.limit / MIB, budget.reserved / MIB];
    };
    expect(suited(new ByteBudget(), 120 * MIB)).toEqual([40, 17.5]);
    expect(suited(new ByteBudget(), 10 * MIB)).toEqual([32, 14]);
    expect(suited(new ByteBudget(), 4000 * MIB)).toEqual([64, 28]);
    expect(suited(new ByteBudget(4 * MIB, MIB), 10 * MIB)).toEqual([4, 1]);
  });

  it('lets nothing more come while more is held than suits the model', async () => {
    const budget = new ByteBudget();
    const give = budget.tryFill(36 * 2 ** 20, false)!;
    budget.suit(0);
    expect(budget.tryFill(1, false)).toBeUndefined();
    const waiting = budget.take(1);
    expect(await state(waiting)).toBe('waits');
    give();
    expect(await state(waiting)).toBe('has');
  });

  it('serves who empties in the order they came, before keepers, and forgets who gave up', async () => {
    const budget = new ByteBudget(100, 20);
    const give = await budget.take(80);
    const stop = new AbortController();
    const large = budget.take(60, stop.signal);
    const small = budget.take(30);
    expect(await state(small)).toBe('waits');
    expect(budget.tryFill(0, false)).toBeUndefined();
    const refused = expect(large).rejects.toMatchObject({ code: 'aborted' });
    stop.abort();
    await refused;
    expect(await state(small)).toBe('waits');
    give();
    expect(await state(small)).toBe('has');
  });
});
