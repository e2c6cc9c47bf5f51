import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { patternBytes } from '../testing/pattern-bytes.ts';
import { WholeHash } from './whole-hash.ts';

const tick = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Chunks of which some are in memory and some are kept elsewhere. */
function bench(lengths: number[]) {
  const all = lengths.map((length, seed) => patternBytes(length, seed));
  const expected = all.reduce((hash, bytes) => hash.update(bytes), createHash('sha256')).digest('hex');
  const inMemory = new Set<number>();
  const kept = new Set<number>();
  const fetched: string[] = [];
  let held = 0;
  const hash = new WholeHash({
    count: all.length,
    hold(index) {
      if (!inMemory.has(index)) return undefined;
      held += 1;
      return { bytes: Promise.resolve(all[index]!), done: () => void (held -= 1) };
    },
    isKept: (index) => kept.has(index),
    async fetch(index, wanted) {
      fetched.push(`${index}${wanted ? '!' : ''}`);
      inMemory.add(index);
      return all[index]!;
    },
  });
  return { hash, expected, inMemory, kept, fetched, held: () => held };
}

describe('the hash of a whole', () => {
  it('is taken of chunks in memory, in their order', async () => {
    const { hash, expected, inMemory, fetched, held } = bench([3_000_000, 100, 2 ** 20, 7]);
    for (const index of [2, 0, 3, 1]) {
      inMemory.add(index);
      hash.follow();
      await tick();
    }
    for (let n = 0; n < 50 && held() > 0; n++) await tick(1);
    // `finish` has one last look at a chunk of which it does not know yet that it is done.
    expect(await hash.finish()).toBe(expected);
    expect(fetched.filter((name) => name !== '3!')).toEqual([]);
    expect(held()).toBe(0);
  });

  it('is taken of what is kept where memory has lost it, and of the rest at the end', async () => {
    const { hash, expected, inMemory, kept, fetched, held } = bench([10, 20, 30, 40]);
    kept.add(0);
    inMemory.add(1);
    hash.follow();
    await tick(20);
    expect(fetched).toEqual(['0']);
    expect(await hash.finish()).toBe(expected);
    expect(fetched).toEqual(['0', '2!', '2!', '3!']);
    expect(held()).toBe(0);
  });

  it('of nothing is that of the empty file', async () => {
    expect(await bench([]).hash.finish()).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('ends with the signal', async () => {
    await expect(bench([10]).hash.finish(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });
});
