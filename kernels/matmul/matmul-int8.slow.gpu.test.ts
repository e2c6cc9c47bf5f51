// Every type that has bytes: that its traits are what its codes and scales are.
import { dtypeByName } from '@quern/dtypes';
import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { QUANTS, packedTraits } from '../quant/index.ts';
import { checkInt8 } from '../testing/int8-matmul.ts';

const PACKED = QUANTS.filter((name) => packedTraits(dtypeByName(name)!) !== undefined);

test.each(PACKED)('%s', async (quant) => {
  const gpu = await openTestGpu();
  expect(gpu.caps.dot4, 'packed integer dot products').toBe(true);
  await checkInt8(gpu, { quant, variants: { gemv: 'workgroup' }, rows: 1, outputs: 37, k: 768 });
});

test.each(['q4_1', 'iq2_xs', 'q8_0'])('many rows of %s, by tiles', async (quant) => {
  const gpu = await openTestGpu();
  const shape = { quant, rows: 33, outputs: 70, k: 512 };
  await checkInt8(gpu, { ...shape, variants: { gemm: 'tile' } });
  await checkInt8(gpu, { ...shape, rows: 9, variants: { gemm: 'tile' } });
});
