// The tests that every chunk store must pass.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChunkStore, FileInfo } from './chunk-store.ts';
import { CHUNK_BYTES, isComplete, storedBytes } from './chunk-store.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

/** A place for a store, with the means to do it harm. */
export interface StoreBench {
  /** Opens a store on this place: a second call is what another tab or a later visit sees. */
  open(): Promise<ChunkStore>;
  /** Flips one byte of what is stored of a chunk. */
  damage(store: ChunkStore, key: string, index: number): Promise<void>;
  /** The `n`th write of chunk bytes from now on (1: the next), and all later ones, find no room. */
  fillUpAt(n: number): void;
  dispose(): Promise<void>;
}

const TAIL = 1000;
const INFO: FileInfo = {
  key: 'https://a.example/m.gguf',
  name: 'm.gguf',
  byteLength: 2 * CHUNK_BYTES + TAIL,
  validator: '"v1"',
};
const CHUNKS = [patternBytes(CHUNK_BYTES, 1), patternBytes(CHUNK_BYTES, 2), patternBytes(TAIL, 3)];

function chunk(index: number): Uint8Array<ArrayBuffer> {
  return CHUNKS[index] ?? new Uint8Array(0);
}

export function chunkStoreSuite(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(name, () => {
    let bench: StoreBench;
    let store: ChunkStore;
    beforeEach(async () => {
      bench = await makeBench();
      store = await bench.open();
    });
    afterEach(async () => {
      await store.close();
      await bench.dispose();
    });

    const expectChunk = async (index: number, from = store, key = INFO.key): Promise<void> => {
      const file = await from.find(key);
      const bytes = file && (await from.get(file, index));
      expect(bytes && Buffer.compare(bytes, chunk(index))).toBe(0);
    };

    it('makes a record that has no chunks', async () => {
      expect(await store.find(INFO.key)).toBeUndefined();
      const before = Date.now();
      const file = await store.open(INFO);
      expect(file).toMatchObject({ ...INFO, chunkCount: 3, marks: [] });
      expect(file.stored.size).toBe(0);
      expect(file.lastUsed).toBeGreaterThanOrEqual(before);
      expect(isComplete(file)).toBe(false);
      expect(await store.get(file, 0)).toBeUndefined();
      expect(await store.find(INFO.key)).toEqual(file);
    });

    it('gives back what was put, also after a new start', async () => {
      const file = await store.open(INFO);
      await store.put(file, 2, chunk(2));
      await store.put(file, 0, chunk(0));
      await expectChunk(0);
      await store.close();
      store = await bench.open();
      const again = await store.open(INFO);
      expect(again.id).toBe(file.id);
      expect([...again.stored].sort()).toEqual([0, 2]);
      expect(storedBytes(again)).toBe(CHUNK_BYTES + TAIL);
      await expectChunk(0);
      await expectChunk(2);
      await store.put(again, 1, chunk(1));
      expect(isComplete((await store.find(INFO.key)) ?? again)).toBe(true);
    });

    it('stores a view, not the buffer behind it', async () => {
      const file = await store.open({ ...INFO, byteLength: TAIL });
      const large = patternBytes(TAIL + 64, 9);
      await store.put(file, 0, large.subarray(64));
      const bytes = await store.get(file, 0);
      expect(bytes && Buffer.compare(bytes, large.subarray(64))).toBe(0);
    });

    it('refuses a chunk of the wrong length or place', async () => {
      const file = await store.open(INFO);
      await expect(store.put(file, 2, chunk(0))).rejects.toMatchObject({ code: 'internal' });
      await expect(store.put(file, 3, chunk(2))).rejects.toMatchObject({ code: 'internal' });
      await expect(store.put(file, -1, chunk(0))).rejects.toMatchObject({ code: 'internal' });
      await expect(store.put(file, 0.5, chunk(0))).rejects.toMatchObject({ code: 'internal' });
    });

    it('drops the chunks when the file is another version', async () => {
      const old = await store.open(INFO);
      await store.put(old, 0, chunk(0));
      const next = await store.open({ ...INFO, validator: '"v2"' });
      expect(next.stored.size).toBe(0);
      expect(next.id).not.toBe(old.id);
      // A slow tab still writes to the old version.
      await expect(store.put(old, 1, chunk(1))).rejects.toMatchObject({ code: 'storage-error' });
      await store.put(next, 1, chunk(1));
      expect(await store.get(old, 1)).toBeUndefined();
      const longer = await store.open({ ...INFO, validator: '"v2"', byteLength: INFO.byteLength + 1 });
      expect(longer.stored.size).toBe(0);
    });

    it('counts a damaged chunk as missing, and that one alone', async () => {
      const file = await store.open(INFO);
      for (const index of [0, 1, 2]) await store.put(file, index, chunk(index));
      await bench.damage(store, INFO.key, 1);
      expect(await store.get(file, 1)).toBeUndefined();
      await expectChunk(0);
      await expectChunk(2);
      expect([...((await store.find(INFO.key))?.stored ?? [])].sort()).toEqual([0, 2]);
      await store.put(file, 1, chunk(1));
      await expectChunk(1);
    });

    it('keeps what is there when it is full, at each write', async () => {
      for (const n of [1, 2, 3]) {
        const info = { ...INFO, key: `${INFO.key}?n=${n}` };
        const file = await store.open(info);
        bench.fillUpAt(n);
        for (let index = 0; index < 3; index++) {
          const put = store.put(file, index, chunk(index));
          if (index < n - 1) await put;
          else await expect(put).rejects.toMatchObject({ code: 'storage-full' });
        }
        bench.fillUpAt(Infinity);
        const found = await store.find(info.key);
        expect([...(found?.stored ?? [])]).toEqual([0, 1, 2].slice(0, n - 1));
        for (let index = 0; index < n - 1; index++) await expectChunk(index, store, info.key);
        await store.put(file, n - 1, chunk(n - 1));
        await expectChunk(n - 1, store, info.key);
      }
    });

    it('notes which references a file was found by', async () => {
      await store.open({ ...INFO, mark: { ref: 'a/b', index: 0, count: 2 } });
      await store.open({ ...INFO, mark: { ref: 'a/b:Q4_0', index: 0, count: 1 } });
      const file = await store.open({ ...INFO, mark: { ref: 'a/b', index: 0, count: 3 } });
      expect(file.marks).toEqual([
        { ref: 'a/b:Q4_0', index: 0, count: 1 },
        { ref: 'a/b', index: 0, count: 3 },
      ]);
      expect((await store.open(INFO)).marks).toEqual(file.marks);
      await store.unmark(INFO.key, 'a/b');
      await store.unmark('never there', 'a/b');
      const { marks } = (await store.find(INFO.key)) ?? file;
      expect(marks).toEqual([{ ref: 'a/b:Q4_0', index: 0, count: 1 }]);
      expect(await store.list()).toHaveLength(1);
    });

    it('tells a look from a use', async () => {
      const { lastUsed } = await store.open(INFO);
      while (Date.now() === lastUsed) await new Promise((resolve) => setTimeout(resolve, 1));
      expect((await store.open({ ...INFO, peek: true })).lastUsed).toBe(lastUsed);
      expect((await store.open(INFO)).lastUsed).toBeGreaterThan(lastUsed);
      const other = await store.open({ ...INFO, validator: '"v2"', peek: true });
      expect(other.lastUsed).toBeGreaterThan(lastUsed);
    });

    it('lists and deletes', async () => {
      const other = { ...INFO, key: 'hub:a/b@main/x.gguf', name: 'x.gguf', byteLength: TAIL };
      const file = await store.open(INFO);
      await store.put(file, 2, chunk(2));
      await store.put(await store.open(other), 0, chunk(2));
      const names = (await store.list()).map((entry) => `${entry.name} ${[...entry.stored].join()}`);
      expect(names.sort()).toEqual(['m.gguf 2', 'x.gguf 0']);
      await store.delete(INFO.key);
      await store.delete('never there');
      expect((await store.list()).map((entry) => entry.key)).toEqual([other.key]);
      await expect(store.put(file, 0, chunk(0))).rejects.toMatchObject({ code: 'storage-error' });
      expect((await store.open(INFO)).stored.size).toBe(0);
    });

    it('serves two openings of one place', async () => {
      const second = await bench.open();
      const [a, b] = await Promise.all([store.open(INFO), second.open(INFO)]);
      const known = (await store.find(INFO.key))?.id;
      await store.put(a.id === known ? a : b, 0, chunk(0));
      await expectChunk(0, second);
      await second.close();
    });

    it("goes by the whole file's SHA-256 where it is known", async () => {
      const info = { ...INFO, sha256: 'aa' };
      await store.put(await store.open(info), 0, chunk(0));
      const moved = await store.open({ ...info, validator: '"mirror"' });
      expect([moved.stored.size, moved.sha256, moved.validator]).toEqual([1, 'aa', '"mirror"']);
      const unsaid = await store.open({ ...INFO, validator: '"mirror"' });
      expect([unsaid.stored.size, unsaid.sha256]).toEqual([1, 'aa']);
      expect((await store.open({ ...info, validator: '"mirror"', sha256: 'bb' })).stored.size).toBe(0);
    });

    it('notes that a file is verified, until a chunk of it is damaged or it is another version', async () => {
      const info = { ...INFO, sha256: 'aa' };
      const file = await store.open(info);
      expect(file.verified).toBe(false);
      for (const index of [0, 1, 2]) await store.put(file, index, chunk(index));
      await store.markVerified(file);
      await store.close();
      store = await bench.open();
      expect((await store.find(INFO.key))?.verified).toBe(true);
      expect((await store.open(INFO)).verified).toBe(true);
      expect((await store.open({ ...info, validator: '"mirror"' })).verified).toBe(true);
      await bench.damage(store, INFO.key, 1);
      await store.get(file, 1);
      expect((await store.find(INFO.key))?.verified).toBe(false);
      await store.markVerified(file);
      await store.open({ ...info, sha256: 'bb' });
      expect((await store.find(INFO.key))?.verified).toBe(false);
      await expect(store.markVerified(file)).rejects.toMatchObject({ code: 'storage-error' });
    });

    it('remembers a file without a validator, and an empty one', async () => {
      const info = { ...INFO, validator: undefined };
      const file = await store.open(info);
      await store.put(file, 0, chunk(0));
      expect((await store.open(info)).stored.size).toBe(1);
      const empty = await store.open({ ...INFO, key: 'e', byteLength: 0 });
      expect(isComplete(empty)).toBe(true);
    });
  });
}
