import { describe, expect, it } from 'vitest';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, isComplete } from '../chunk-stores/chunk-store.ts';
import { cacheBench, expectChunks, LENGTH, OTHER } from '../testing/cache-bench.ts';

const bench = cacheBench();

describe('the cache', () => {
  it('is filled by the first visit; the second makes no request', async () => {
    const first = await bench.open();
    await expectChunks(first, 0, 5);
    expect(first.origin).toBe('network');
    await first.close();
    expect(bench.server.bytesSent).toBe(LENGTH);
    bench.server.forget();

    bench.url = `${bench.server.origin}/model.gguf?X-Amz-Signature=another`;
    const second = await bench.open();
    expect(second).toMatchObject({ byteLength: LENGTH, name: 'model.gguf' });
    await expectChunks(second, 0, 5);
    expect(second).toMatchObject({ origin: 'cache', bytesFetched: 0 });
    expect(bench.server.requests).toEqual([]);
  });

  it('tells how much of a file needs no network', async () => {
    await bench.prepare([0, 4]);
    const source = await bench.open();
    expect(source.cachedBytes).toBe(CHUNK_BYTES + 999);
    await expectChunks(source, 0, 2);
    await source.flush();
    expect(source.cachedBytes).toBeGreaterThanOrEqual(2 * CHUNK_BYTES + 999);
  });

  it('asks only for what is missing', async () => {
    await bench.prepare([0, 1, 3]);
    const source = await bench.open();
    await expectChunks(source, 0, 5);
    expect(bench.server.requests.map(({ range }) => range)).toEqual([
      `bytes=${2 * CHUNK_BYTES}-${3 * CHUNK_BYTES - 1}`,
      `bytes=${4 * CHUNK_BYTES}-${LENGTH - 1}`,
    ]);
    expect(bench.server.bytesSent).toBe(CHUNK_BYTES + 999);
    await source.flush();
    expect(await bench.storedChunks()).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes on from where a load was cut off', async () => {
    bench.server.faults = { alwaysDieAtByte: 2 * CHUNK_BYTES + 5 };
    const first = await bench.open();
    await expectChunks(first, 0, 2);
    await expect(first.read(2 * CHUNK_BYTES, 100)).rejects.toMatchObject({ code: 'network' });
    await first.close();
    const kept = await bench.storedChunks();
    expect(kept.slice(0, 2)).toEqual([0, 1]);
    bench.server.faults = {};
    bench.server.forget();

    await expectChunks(await bench.open(), 0, 5);
    const missing = [0, 1, 2, 3, 4].filter((index) => !kept.includes(index));
    expect(bench.server.bytesSent).toBe(
      missing.reduce((sum, index) => sum + (index === 4 ? 999 : CHUNK_BYTES), 0),
    );
  });

  it('starts afresh when the file is another by now', async () => {
    await bench.prepare([0, 1]);
    bench.server.serve('/model.gguf', OTHER, '"2"');
    const source = await bench.open();
    await expectChunks(source, 0, 5, OTHER);
    await source.flush();
    expect((await bench.store.list()).map((file) => [file.validator, isComplete(file)])).toEqual([
      ['"2"', true],
    ]);
    expect(bench.server.bytesSent).toBe(LENGTH);
  });

  it('starts afresh when the file is shorter by now', async () => {
    await bench.prepare([0, 1, 2]);
    bench.server.serve('/model.gguf', OTHER.subarray(0, 1000), '"2"');
    const source = await bench.open();
    expect(source.byteLength).toBe(1000);
    expect(Buffer.compare(await source.read(0, 1000), OTHER.subarray(0, 1000))).toBe(0);
  });

  it('does not trust a part of a file that has no version', async () => {
    bench.server.faults = { noValidator: true };
    await bench.prepare([0, 1], null);
    bench.server.serve('/model.gguf', OTHER);
    await expectChunks(await bench.open(), 0, 5, OTHER);
  });

  it('keeps what is there when the file changes midway', async () => {
    const source = await bench.open();
    await expectChunks(source, 0, 1);
    bench.server.serve('/model.gguf', OTHER, '"2"');
    await expect(source.read(2 * CHUNK_BYTES, 10)).rejects.toMatchObject({ code: 'network' });
    await source.close();
    expect(await bench.storedChunks()).toContain(0);
  });

  it('works with a server without ranges, and resumes there too', async () => {
    bench.server.faults = { noRange: true };
    await bench.prepare([0, 1]);
    const source = await bench.open();
    await expectChunks(source, 0, 5);
    expect(bench.server.requests.length).toBe(1);
    await source.close();
    bench.server.forget();
    await expectChunks(await bench.open(), 0, 5);
    expect(bench.server.requests).toEqual([]);
  });

  it('reads chunks again from the store once they left memory', async () => {
    const source = await bench.open();
    await expectChunks(source, 0, 5);
    await expectChunks(source, 0, 5);
    expect(bench.server.bytesSent).toBe(LENGTH);
  });

  it('trusts a known SHA-256 where the server tells no version', async () => {
    bench.server.faults = { noValidator: true };
    const first = await bench.open({ sha256: 'aa' });
    await expectChunks(first, 0, 1);
    await first.close();
    const kept = await bench.storedChunks();
    expect(kept).toContain(0);
    bench.server.forget();
    await expectChunks(await bench.open({ sha256: 'aa' }), 0, 5);
    expect(bench.server.bytesSent).toBeLessThanOrEqual(LENGTH - kept.length * CHUNK_BYTES);
  });

  it('does not take a whole file for one with another SHA-256', async () => {
    const first = await bench.open({ sha256: 'aa' });
    await expectChunks(first, 0, 5);
    await first.close();
    bench.server.serve('/model.gguf', OTHER, '"2"');
    await expectChunks(await bench.open({ sha256: 'bb' }), 0, 5, OTHER);
  });

  it('uses the key that it is given', async () => {
    await (await bench.open({ key: 'hub:a/b@main/model.gguf', name: 'b' })).flush();
    expect(await bench.store.find('hub:a/b@main/model.gguf')).toMatchObject({ name: 'b' });
  });
});

describe('a damaged chunk', () => {
  const damaged = (index: number): ChunkStore => {
    let hit = false;
    return bench.altered({
      async get(file, i) {
        if (i !== index || hit) return bench.store.get(file, i);
        hit = true;
        return undefined;
      },
    });
  };

  it('is fetched again alone', async () => {
    await bench.prepare([0, 1, 2, 3, 4]);
    const source = await bench.open({ store: damaged(2) });
    await expectChunks(source, 0, 5);
    expect(bench.server.requests.map(({ range }) => range)).toEqual([
      `bytes=${2 * CHUNK_BYTES}-${3 * CHUNK_BYTES - 1}`,
    ]);
    expect(bench.warnings).toEqual([]);
  });

  it('is not replaced from another version of the file', async () => {
    await bench.prepare([0, 1, 2, 3, 4]);
    bench.server.serve('/model.gguf', OTHER, '"2"');
    const source = await bench.open({ store: damaged(2) });
    await expectChunks(source, 0, 2);
    await expect(source.read(2 * CHUNK_BYTES, 1)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/chunk 2 .* damaged/),
    });
    await source.close();
    await expectChunks(await bench.open(), 0, 5, OTHER);
  });
});

describe('errors', () => {
  it.each([
    [{ alwaysStatus: 404 }, 'not-found'],
    [{ alwaysStatus: 503 }, 'network'],
  ])('%o of the server pass through and lose nothing', async (faults, code) => {
    await bench.prepare([0, 1]);
    bench.server.faults = faults;
    await expect(bench.open()).rejects.toMatchObject({ code });
    expect(await bench.storedChunks()).toEqual([0, 1]);
    bench.server.faults = {};
    await expectChunks(await bench.open(), 0, 5);
  });

  it('aborted by the signal, also when all is cached', async () => {
    await bench.prepare([0, 1, 2, 3, 4]);
    const controller = new AbortController();
    const source = await bench.open({ signal: controller.signal });
    await expectChunks(source, 0, 1);
    controller.abort();
    await expect(source.read(3 * CHUNK_BYTES, 1)).rejects.toMatchObject({ code: 'aborted' });
    await expect(bench.open({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});
