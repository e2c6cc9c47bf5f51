import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { QuernError } from '@quern/spec';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { LoadStore } from '../models/load-store.ts';
import { makeRoom } from './make-room.ts';
import { alteredStore } from '../testing/altered-store.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

let path: string;
let store: ChunkStore;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'room-'));
  store = await openDirectoryChunkStore(path);
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  await rm(path, { recursive: true });
});

const key = (name: string) => `https://a.example/${name}.gguf`;

/** A model of `bytes`, last used at `at`; a reference's if `ref` is given. */
async function keep(name: string, bytes: number, at: number, ref?: string): Promise<void> {
  vi.useFakeTimers({ now: at, toFake: ['Date'] });
  const info = { key: key(name), name, byteLength: bytes, validator: '"1"' };
  const file = await store.open({ ...info, ...(ref && { mark: { ref, index: 0, count: 1 } }) });
  if (file.stored.size === 0) await store.put(file, 0, patternBytes(bytes));
}

async function left(): Promise<string[]> {
  return (await store.list()).map(({ name }) => name).sort();
}

const told = (names: string) => `the storage was full: ${names} went from the cache to make room`;

describe('making room', () => {
  it('deletes the least recently used models, as many as it takes', async () => {
    await keep('old', 100, 1);
    await keep('young', 100, 3);
    await keep('middle', 100, 2);
    expect(await makeRoom(store, 101, new Set())).toMatchObject({
      code: 'storage-full',
      message: told('old, middle'),
    });
    expect(await left()).toEqual(['young']);
  });

  it('spares what is in use, and older ones that would go for nothing', async () => {
    await keep('oldest', 100, 1);
    await keep('small', 10, 2);
    await keep('large', 500, 3);
    expect(await makeRoom(store, 400, new Set([key('oldest')]))).toMatchObject({ message: told('large') });
    expect(await left()).toEqual(['oldest', 'small']);
  });

  it('deletes nothing where all would not do', async () => {
    await keep('a', 100, 1);
    await keep('b', 100, 2);
    expect(await makeRoom(store, 201, new Set())).toBeUndefined();
    expect(await makeRoom(store, 150, new Set([key('b')]))).toBeUndefined();
    expect(await left()).toEqual(['a', 'b']);
  });

  it('counts a file that two models share once, with the last of them', async () => {
    await keep('shared', 100, 1, 'a/b@main');
    await keep('shared', 100, 5, 'a/b@main:Q4_0');
    await keep('other', 100, 9);
    expect(await makeRoom(store, 100, new Set([key('other')]))).toMatchObject({
      message: told('a/b, a/b:Q4_0'),
    });
    expect(await left()).toEqual(['other']);
  });
});

describe('the store of one load', () => {
  it('knows its files and what they lack, and asks for room for them', async () => {
    await keep('whole', 100, 1);
    const opened: string[] = [];
    const asked: number[] = [];
    const load = new LoadStore(store, {
      onOpen: (one) => opened.push(one),
      room: async ({ missingBytes }) => (asked.push(missingBytes), undefined),
    });
    const info = { name: 'whole', byteLength: 70, validator: '"1"' };
    for (const name of ['whole', 'whole', 'new']) {
      await load.open({ ...info, key: key(name), byteLength: name === 'new' ? 70 : 100 });
    }
    const file = (await load.find(key('new')))!;
    expect([...load.keys]).toEqual(opened);
    expect(opened).toEqual([key('whole'), key('new')]);
    expect(load.missingBytes).toBe(70);
    await load.put(file, 0, patternBytes(70));
    expect(load.missingBytes).toBe(0);
    const late = await load.open({ ...info, key: key('late') });
    await load.put(late, 0, patternBytes(70));
    expect(asked).toEqual([70, 70]);
  });

  it('keeps nothing where there is no room', async () => {
    const reason = new QuernError('storage-full', 'no room');
    let answers = 0;
    const room = async () => (answers++, reason);
    const load = new LoadStore(store, { room });
    for (const name of ['a', 'b']) {
      const info = { key: key(name), name, byteLength: 70, validator: '"1"' };
      const file = await load.open(info);
      await expect(load.put(file, 0, patternBytes(70))).rejects.toBe(reason);
      expect((await load.find(key(name)))?.stored.size).toBe(0);
    }
    expect(answers).toBe(1);
    await load.close();
    expect(await left()).toEqual(['a', 'b']);
  });

  it('that turns out to be full tries again where room was made, and else says what is not kept', async () => {
    const full = new QuernError('storage-full', 'no room');
    for (const [made, fails, expected] of [
      [true, 2, undefined],
      [true, 9, 'no room; 70.0 MB of the model are not kept'],
      [false, 1, 'no room; 70.0 MB of the model are not kept'],
    ] as const) {
      let left = fails;
      let asked = 0;
      const name = `${made} ${fails}`;
      const info = { key: key(name), name, byteLength: 70e6, validator: '"1"' };
      const failing = alteredStore(store, {
        put: async () => {
          if (left-- > 0) throw full;
        },
      });
      const load = new LoadStore(failing, {
        room: async () => undefined,
        onFull: async () => (asked++, made),
        settleMs: [0, 1, 1],
      });
      const file = await load.open(info);
      const put = load.put(file, 0, patternBytes(CHUNK_BYTES));
      if (expected === undefined) await put;
      else await expect(put).rejects.toMatchObject({ code: 'storage-full', message: expected });
      await load.put(file, 1, patternBytes(CHUNK_BYTES)).catch(() => undefined);
      expect(asked).toBe(1);
    }
  });
});
