import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QuernError } from '@quern/spec';
import { ByteBudget } from './byte-budget.ts';
import { ChunkPool } from './chunk-pool.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { BYTES, cacheBench, expectChunks, LENGTH, OTHER } from '../testing/cache-bench.ts';

const bench = cacheBench();

describe('the whole file', () => {
  const sha256 = createHash('sha256').update(BYTES).digest('hex');
  const verified = async (): Promise<boolean[]> => (await bench.store.list()).map((file) => file.verified);

  it('is kept, though no reader asked for some of it, and is verified', async () => {
    const source = await bench.open({ sha256 });
    await expectChunks(source, 0, 1);
    await expectChunks(source, 3, 4);
    await source.complete();
    expect([await bench.storedChunks(), await verified()]).toEqual([[0, 1, 2, 3, 4], [true]]);
    expect(bench.server.bytesSent).toBe(LENGTH);
  });

  it('that is verified is not hashed again', async () => {
    await (await bench.open({ sha256 })).complete();
    bench.server.forget();
    let gets = 0;
    const counting = bench.altered({
      get(file, index) {
        gets += 1;
        return bench.store.get(file, index);
      },
    });
    const source = await bench.open({ sha256, store: counting });
    await expectChunks(source, 0, 5);
    await source.complete();
    await source.close();
    expect([gets, bench.server.requests.length]).toEqual([5, 0]);
  });

  it('is verified when it comes in two visits, within a small budget', async () => {
    const first = await bench.open({ sha256 });
    await expectChunks(first, 0, 1);
    await first.close();
    expect([await verified(), await bench.storedChunks()]).toEqual([[false], [0]]);
    const pool = new ChunkPool(new ByteBudget(CHUNK_BYTES));
    const second = await bench.open({ sha256, pool });
    await expectChunks(second, 1, 5);
    await second.complete();
    await second.close();
    expect([await verified(), pool.budget.held]).toEqual([[true], 0]);
    expect(bench.server.bytesSent).toBe(LENGTH);
  });

  it('is dropped and refused when it is another than the hub lists', async () => {
    bench.server.serve('/model.gguf', OTHER);
    const source = await bench.open({ sha256 });
    await expectChunks(source, 0, 5, OTHER);
    const actual = createHash('sha256').update(OTHER).digest('hex');
    await expect(source.complete()).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(`SHA-256 is ${actual}, ${sha256} was expected`),
    });
    await source.close();
    expect(await bench.store.list()).toEqual([]);
    bench.server.serve('/model.gguf', BYTES);
    await (await bench.open({ sha256 })).complete();
    expect(await verified()).toEqual([true]);
  });

  it('is verified anew after a damaged chunk was fetched again', async () => {
    await (await bench.open({ sha256 })).complete();
    const [file] = await bench.store.list();
    // As the store itself does when it finds one damaged.
    await rm(join(await bench.chunkFolder(), '2.chunk'));
    await writeFile(join(await bench.chunkFolder(), '2.chunk'), new Uint8Array(10));
    expect(file && (await bench.store.get(file, 2))).toBeUndefined();
    expect(await verified()).toEqual([false]);
    bench.server.forget();
    await (await bench.open({ sha256 })).complete();
    expect([await verified(), bench.server.bytesSent]).toEqual([[true], CHUNK_BYTES]);
  });

  it('is not fetched for a store that fails', async () => {
    const full = bench.altered({
      put: async () => {
        throw new QuernError('storage-full', 'no room');
      },
    });
    const source = await bench.open({ sha256, store: full });
    await expectChunks(source, 0, 1);
    await source.flush();
    const before = bench.server.requests.length;
    await source.complete();
    expect(bench.server.requests.length).toBe(before);
  });
});
