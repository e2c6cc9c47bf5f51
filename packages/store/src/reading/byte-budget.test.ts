import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

async function state(work: Promise<unknown>): Promise<'waits' | 'has'> {
  return Promise.race([work.then(() => 'has' as const), soon().then(() => 'waits' as const)]);
}

describe('a byte budget', () => {
  it('makes whoever fills it wait, until something is given back', async () => {
    const budget = new ByteBudget(100, 20);
    const give = await budget.take(50, 'fill');
    const second = budget.take(40, 'fill');
    expect(await state(second)).toBe('waits');
    give();
    give();
    expect(await state(second)).toBe('has');
    expect(budget.held).toBe(40);
  });

  it('keeps room for whoever empties it', async () => {
    const budget = new ByteBudget(100, 20);
    await budget.take(80, 'fill');
    expect(await state(budget.take(20, 'empty'))).toBe('has');
    expect(budget.most).toBe(100);
  });

  it('grants what is larger than itself when nothing else is held', async () => {
    const budget = new ByteBudget(100, 20);
    const give = await budget.take(1, 'fill');
    const large = budget.take(1000, 'empty');
    expect(await state(large)).toBe('waits');
    give();
    expect(await state(large)).toBe('has');
  });

  it('is first come, first served on each side, and forgets who gave up', async () => {
    const budget = new ByteBudget(100, 20);
    const give = await budget.take(80, 'fill');
    const stop = new AbortController();
    const large = budget.take(60, 'fill', stop.signal);
    const small = budget.take(1, 'fill');
    expect(await state(small)).toBe('waits');
    const refused = expect(large).rejects.toMatchObject({ code: 'aborted' });
    stop.abort();
    await refused;
    expect(await state(small)).toBe('waits');
    give();
    expect(await state(small)).toBe('has');
  });
});
