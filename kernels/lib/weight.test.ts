// Weights and experts on adapters that bind little: every part is within the limits, whatever the type.
import { dtypeByName } from '@quern/dtypes';
import { type Caps, dryGpu, UNKNOWN_ADAPTER } from '@quern/gpu';
import { describe, expect, test } from 'vitest';
import { QUANTS } from '../quant/index.ts';
import { createExpertWeight } from './expert-weight.ts';
import { createWeight } from './weight.ts';

const COLS = 512;
const ROWS = 1003;

function caps(maxStorageBufferBindingSize: number, maxBufferSize: number): Caps {
  const limits = { ...UNKNOWN_ADAPTER.limits, maxStorageBufferBindingSize, maxBufferSize };
  return { ...UNKNOWN_ADAPTER, limits };
}

describe.each([
  [40_000, 2 ** 30],
  [2 ** 30, 40_000],
  [40_000, 44_000],
])('bindings of %d bytes, buffers of %d', (binding, buffer) => {
  test.each(QUANTS)('%s', (name) => {
    const small = caps(binding, buffer);
    const { parts } = createWeight(dryGpu(small).device, small, 'w', dtypeByName(name)!, ROWS, COLS);
    expect(parts.length).toBeGreaterThan(1);
    let rows = 0;
    for (const part of parts) {
      expect(part.firstRow).toBe(rows);
      expect(Math.max(part.quants.size, part.scales.size)).toBeLessThanOrEqual(binding);
      expect(part.buffer.size).toBeLessThanOrEqual(buffer);
      rows += part.rows;
    }
    expect(rows).toBe(ROWS);
  });
});

test('what does not fit is refused with the numbers', () => {
  const small = caps(8191, 2 ** 20);
  const { device } = dryGpu(small);
  const f16 = dtypeByName('f16')!;
  expect(() => createWeight(device, small, 'blk.0.w', f16, ROWS, COLS)).toThrow(
    'blk.0.w: 8 rows of 512 f16 values take 8192 bytes; this adapter binds 8191 bytes and has buffers of 1048576.',
  );
  const shape = { experts: 3, rows: 16, cols: 64 };
  expect(createExpertWeight(device, small, 'e', f16, shape).parts.map(({ experts }) => experts)).toEqual([3]);
  expect(() => createExpertWeight(device, small, 'e', f16, { ...shape, rows: 64 })).toThrow(
    "e: one expert's 64 rows of 64 f16 values take 8192 bytes; this adapter binds 8191 bytes",
  );
});
