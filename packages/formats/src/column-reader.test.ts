import { expect, test } from 'vitest';
import { ColumnReader } from './column-reader.ts';
import { memorySource } from './testing/memory-source.ts';

const ROWS = 5;
const ROW_BYTES = 40;
/** Byte c of row r is 40 r + c; another matrix with the same bytes plus one follows it. */
const bytes = Uint8Array.from({ length: 2 * ROWS * ROW_BYTES }, (_, i) => (i < 200 ? i : i - 199));

/** Columns in strips of 8 bytes, and how many bytes were read for them. */
async function read(most: number, offset = 0) {
  const source = memorySource(bytes);
  const matrix = { file: 0, offset: 0, rows: ROWS, rowBytes: ROW_BYTES };
  const reader = new ColumnReader(matrix, [source], most);
  const found = new Uint8Array(ROWS * ROW_BYTES);
  let largest = 0;
  for (let from = 0; from < ROW_BYTES; from += 8) {
    const { bytes: held, stride, first } = await reader.columns(from, from + 8, offset);
    largest = Math.max(largest, held.length);
    for (let r = 0; r < ROWS; r++) {
      for (let c = from; c < from + 8; c++) found[r * ROW_BYTES + c] = held[r * stride + c - first]!;
    }
  }
  const total = source.reads.reduce((sum, { length }) => sum + length, 0);
  return { found, largest, passes: total / (ROWS * ROW_BYTES) };
}

test('a matrix that may be held is read once', async () => {
  expect(await read(200)).toEqual({ found: bytes.slice(0, 200), largest: 200, passes: 1 });
});

test.each([
  [199, 160, 2], // four strips of five
  [100, 80, 3],
  [40, 40, 5],
  [0, 40, 5], // a strip is always held
])('of a larger one, %i bytes: %i held, read %i times', async (most, largest, passes) => {
  expect(await read(most)).toEqual({ found: bytes.slice(0, 200), largest, passes });
});

test('a matrix of the same shape elsewhere', async () => {
  expect((await read(1000, 200)).found).toEqual(bytes.slice(200));
  expect((await read(90, 200)).found).toEqual(bytes.slice(200));
});
