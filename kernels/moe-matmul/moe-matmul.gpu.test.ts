import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createExpertWeight, destroyExpertWeight, writeExpertRows } from '../lib/expert-weight.ts';
import { moeSort, mostTiles, type Sorted } from '../moe-sort/moe-sort.ts';
import { decodeRows, randomRows } from '../testing/blocks.ts';
import { drawRoutes, routesTensor, type TestRoutes } from '../testing/routes.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { gateRef, moeMatmulRef } from './moe-matmul.ref.ts';
import { type ExpertActivation, moeMatmul, sortedHeight } from './moe-matmul.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

interface Case {
  variants: Record<string, string>;
  sorted: boolean;
  routes: TestRoutes;
  experts: number;
  quant: string;
  outputs: number;
  cols: number;
  gate?: { kind: 'fused' | 'onto'; activation: ExpertActivation; limit?: number };
  bias?: boolean;
  /** x has a row for each slot. */
  ofSlots?: boolean;
  maxBinding?: number;
}

async function check(c: Case): Promise<void> {
  const { routes, experts, outputs, cols, gate } = c;
  const dtype = dtypeByName(c.quant)!;
  const rows = gate?.kind === 'fused' ? 2 * outputs : outputs;
  const bytes = randomRows(dtype, experts * rows, cols, 7);
  const caps = c.maxBinding
    ? { ...gpu.caps, limits: { ...gpu.caps.limits, maxStorageBufferBindingSize: c.maxBinding } }
    : gpu.caps;
  const weight = createExpertWeight(gpu.device, caps, 'experts', dtype, { experts, rows, cols });
  if (c.maxBinding) expect(weight.parts.length).toBeGreaterThan(1);
  // As a file streams: in slices that end within an expert.
  const rowBytes = bytes.length / (experts * rows);
  for (let first = 0; first < experts * rows; first += rows + 3) {
    const count = Math.min(rows + 3, experts * rows - first);
    const slice = bytes.subarray(first * rowBytes, (first + count) * rowBytes);
    writeExpertRows(gpu.device.queue, weight, { first, count, rowsEach: rows, at: 0 }, slice);
  }
  const slots = routes.experts.length;
  const xRows = c.ofSlots ? slots : routes.rows;
  const x = randomF32(xRows * cols, 11);
  const bias = randomF32(experts * rows, 13);
  const held = randomF32(slots * outputs, 17);
  const y = gate?.kind === 'onto' ? upload(gpu, held, [slots, outputs]) : poisoned(gpu, [slots, outputs]);
  const step = stepTensor(
    gpu,
    Array.from({ length: routes.rows }, () => ({})),
  );
  await runOp(
    gpu,
    (rec) => {
      const routed = routesTensor(gpu, routes);
      let sorted: Sorted | undefined;
      if (c.sorted) {
        const height = sortedHeight(rec);
        const tiles = rec.scratch('tiles', [1 + mostTiles(slots, experts, height), 4]);
        sorted = { tiles, order: rec.scratch('order', [slots]), height };
        moeSort(rec, { ...sorted, routes: routed, experts, step });
      }
      moeMatmul(rec, {
        weight,
        x: upload(gpu, x, [xRows, cols]),
        y,
        routes: routed,
        sorted,
        step,
        gate,
        ...(c.bias && { bias: upload(gpu, bias, [experts, rows]) }),
      });
    },
    c.variants,
  );
  const perSlot = c.ofSlots
    ? x
    : Float32Array.from({ length: slots * cols }, (_, i) => {
        const row = Math.floor(Math.floor(i / cols) / routes.used);
        return x[row * cols + (i % cols)]!;
      });
  const decoded = decodeRows(dtype, bytes, experts * rows, cols);
  const products = moeMatmulRef(perSlot, decoded, routes.experts, { rows, cols }, c.bias ? bias : undefined);
  const expected = Float64Array.from({ length: slots * outputs }, (_, i) => {
    const slot = Math.floor(i / outputs);
    const o = i % outputs;
    if (!gate) return products[i]!;
    const [g, u] =
      gate.kind === 'onto'
        ? [held[i]!, products[i]!]
        : [products[slot * rows + o]!, products[slot * rows + outputs + o]!];
    return gateRef(g, u, gate.activation, gate.limit);
  });
  destroyExpertWeight(weight);
  expect(nmse(await readF32(gpu, y), expected)).toBeLessThanOrEqual(1e-9);
}

/** One plain type, one of super-blocks, one with a codebook: the decode itself is held by matmul's test. */
const SOME = ['f16', 'q4_k', 'iq2_s'];
const ONE = ['q4_k'];
const silu = { kind: 'fused', activation: 'silu' } as const;

interface Form {
  name: string;
  sorted: boolean;
  variants: Record<string, string>;
  types: string[];
}

describe.each<Form>([
  {
    name: 'gather, thread',
    sorted: false,
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'off' },
    types: SOME,
  },
  {
    name: 'gather, thread with subgroups',
    sorted: false,
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'on' },
    types: ONE,
  },
  {
    name: 'sorted, thread',
    sorted: true,
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'off' },
    types: ONE,
  },
  {
    name: 'sorted, thread with subgroups',
    sorted: true,
    variants: { gemv: 'thread', gemm: 'thread', subgroups: 'on' },
    types: SOME,
  },
  {
    name: 'gather, workgroup',
    sorted: false,
    variants: { gemv: 'workgroup', gemm: 'tile', subgroups: 'off' },
    types: SOME,
  },
  {
    name: 'gather, subgroups',
    sorted: false,
    variants: { gemv: 'workgroup', gemm: 'tile', subgroups: 'on' },
    types: ONE,
  },
  { name: 'sorted, tile', sorted: true, variants: { gemv: 'workgroup', gemm: 'tile' }, types: ONE },
])('$name', ({ sorted, variants, types }) => {
  beforeEach((context) => {
    if (variants['subgroups'] === 'on' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });
  const common = { sorted, variants, quant: 'q8_0', outputs: 36, cols: 64, experts: 8 };
  test.each(types)('%s', async (quant) => {
    await check({ ...common, quant, experts: 4, cols: 256, routes: drawRoutes(3, 2, 4, 1) });
  });
  test.each([
    [1, 4, 1],
    [2, 8, 2],
    [7, 16, 4],
    [33, 128, 8],
    [33, 8, 2],
  ])('%i rows, %i experts, %i of them: gate and up', async (rows, experts, used) => {
    await check({ ...common, experts, routes: drawRoutes(rows, used, experts, rows), gate: silu });
  });
  test('all rows on one expert, the others get none', async () => {
    const routes = { ...drawRoutes(33, 1, 1, 5), experts: Array<number>(33).fill(6) };
    await check({ ...common, routes, gate: silu });
  });
  test('tails in outputs and in the inner size, a row of x for each slot', async () => {
    for (const outputs of [1, 3, 65, 70]) {
      const routes = drawRoutes(5, 3, 8, 6);
      await check({ ...common, quant: 'f16', outputs, cols: 40, routes, ofSlots: true, bias: true });
    }
  });
  test.each([
    { kind: 'fused', activation: 'clamped', limit: 1.5 },
    { kind: 'onto', activation: 'gelu_tanh' },
  ] as const)('$activation, $kind, with a bias', async (gate) => {
    await check({ ...common, outputs: 37, routes: drawRoutes(11, 2, 8, 8), gate, bias: true });
  });
  test('experts in several parts', async () => {
    const routes = drawRoutes(9, 3, 8, 9);
    await check({ ...common, routes, maxBinding: 3 * 36 * 64, bias: true });
    await check({ ...common, routes, maxBinding: 72 * 64, gate: silu });
  });
});
