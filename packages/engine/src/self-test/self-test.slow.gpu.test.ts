// The self-test on a real adapter, with kernels as they are and with one altered so that it computes wrong.
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { AXIS_NAMES, chooseVariants, valuesOn } from '@quern/kernels';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  BROKEN,
  KV,
  LONG,
  needOfTest,
  sabotaged,
  SLOW,
  UNWRITTEN,
  WRONG,
} from '../testing/self-test-cases.ts';
import { type SelfTestOptions, selfTest } from './self-test.ts';
import { TOOLS } from './tools.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

/** Beside what is forced, as such an adapter has it. */
function tried(options: Omit<SelfTestOptions, 'numerics' | 'usual'>) {
  const usual = { ...chooseVariants(gpu.caps, options.forced) };
  return selfTest({ ...options, numerics: 'exact', usual });
}

describe('kernels as they are', () => {
  test.each(['q4_1', 'f16'])(
    '%s: nothing is refused, and the choice is one of this adapter',
    async (quant) => {
      const { variants, choices, warning } = await tried({
        gpu,
        tools: TOOLS,
        need: needOfTest(quant),
        forced: {},
        mostMs: LONG,
      });
      expect(warning).toBeUndefined();
      for (const axis of AXIS_NAMES) {
        expect(choices[axis]!.refused).toBeUndefined();
        expect(choices[axis]!.value).toBe(variants[axis]);
        expect(valuesOn(gpu.caps, axis)).toContain(variants[axis]);
      }
      expect(choices['gemv']).toMatchObject({ by: 'measured', milliseconds: { thread: expect.any(Number) } });
    },
  );

  test.each(['f32', 'f16', 'q8'] as const)('%s keys and values, plain and latent', async (type) => {
    for (const kv of [
      { ...KV, type },
      { type, kvHeads: 1, keyDim: 48, valueDim: 32, latent: true },
    ]) {
      const forced = { ...chooseVariants(gpu.caps) } as Record<string, string>;
      delete forced['attention'];
      const { choices } = await tried({
        gpu,
        tools: TOOLS,
        need: needOfTest('q8_0', { kv }),
        forced,
        mostMs: LONG,
      });
      expect(choices['attention']).toMatchObject({ by: 'measured', milliseconds: expect.anything() });
      expect(choices['attention']!.refused).toBeUndefined();
      expect(choices['gemv']!.by).toBe('forced');
    }
  });
});

describe('experts', () => {
  const experts = { experts: 8 };

  test('gathered and sorted: nothing is refused', async () => {
    const { choices } = await tried({
      gpu,
      tools: TOOLS,
      need: needOfTest('q4_0', experts),
      forced: {},
      mostMs: LONG,
    });
    for (const axis of ['gemv', 'gemm']) {
      expect(choices[axis]).toMatchObject({ by: 'measured', milliseconds: expect.anything() });
      expect(choices[axis]!.refused).toBeUndefined();
    }
  });

  test('a form of theirs that computes wrong is not taken', async () => {
    const other = chooseVariants(gpu.caps).gemm === 'thread' ? 'tile' : 'thread';
    const tools = sabotaged(`moe-matmul-${other}`, UNWRITTEN);
    const { choices } = await tried({
      gpu,
      tools,
      need: needOfTest('q4_0', experts),
      forced: {},
      mostMs: LONG,
    });
    expect(choices['gemm']!.refused?.[other]).toMatch(/by 2 of 4 experts.* results were not written/);
    expect(choices['gemm']!.value).not.toBe(other);
  });
});

describe('a kernel that does not compute right', () => {
  test.each([
    ['wrong', WRONG, /q4_0 matmul of 1 row, 256 x 256: its results are off by an NMSE of 0\.0001/],
    ['unwritten', UNWRITTEN, /of 256 results were not written/],
    ['not compiled', BROKEN, /does not compile|nothing/],
  ])('%s: is not taken', async (_, alter, reason) => {
    const usual = chooseVariants(gpu.caps).gemv;
    const other = usual === 'thread' ? 'workgroup' : 'thread';
    const tools = sabotaged(`matmul-${other}`, alter);
    const { variants, choices, warning } = await tried({
      gpu,
      tools,
      need: needOfTest('q4_0'),
      forced: {},
      mostMs: LONG,
    });
    expect(warning).toBeUndefined();
    expect(variants['gemv']).toBe(usual);
    expect(choices['gemv']!.refused?.[other]).toMatch(reason);
    gpu.check();
  });

  test('the usual one: another is taken, with a warning', async () => {
    const tools = sabotaged('matmul-thread', WRONG);
    const { variants, warning } = await tried({
      gpu,
      tools,
      need: needOfTest('q4_0'),
      forced: {},
      mostMs: LONG,
    });
    expect(variants).toMatchObject({ gemv: 'workgroup', gemm: 'tile' });
    if (gpu.caps.software) expect(warning).toMatch(/computes wrong.*gemv=workgroup instead of thread/);
  });

  test('every one: the load is refused, and says of what', async () => {
    const tools = sabotaged('matmul', WRONG);
    await expect(
      tried({ gpu, tools, need: needOfTest('q4_0'), forced: {}, mostMs: LONG }),
    ).rejects.toMatchObject({
      code: 'gpu-error',
      message: expect.stringMatching(/q4_0 matmul of 1 row.*NMSE.*driver/),
    });
    const forced = { ...chooseVariants(gpu.caps) };
    const { warning } = await tried({ gpu, tools, need: needOfTest('q4_0'), forced, mostMs: LONG });
    expect(warning).toMatch(/forced/);
  });
});

test('its time is bounded: without any, the usual ones are checked and no others tried', async () => {
  const { choices } = await tried({ gpu, tools: TOOLS, need: needOfTest('q5_0'), forced: {}, mostMs: 0 });
  for (const axis of AXIS_NAMES) expect(choices[axis]!.by).toBe('usual');
  await expect(
    tried({ gpu, tools: TOOLS, need: needOfTest('q5_0'), forced: {}, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'aborted' });
});

test('a faster one that is not there in time for one of its works is not taken', async () => {
  const usual = chooseVariants(gpu.caps).gemv;
  const other = usual === 'thread' ? 'workgroup' : 'thread';
  let waits = 0;
  const pipelines: Gpu['pipelines'] = {
    layout: (bindings) => gpu.pipelines.layout(bindings),
    get(kernel) {
      if (!kernel.key.startsWith(`matmul-${other} `) || !kernel.key.includes(' fold ')) {
        return gpu.pipelines.get(kernel);
      }
      waits++;
      return new Promise(() => undefined);
    },
  };
  const { choices } = await tried({
    gpu: { ...gpu, pipelines },
    tools: sabotaged(`matmul-${usual}`, SLOW),
    need: needOfTest('q4_0'),
    forced: Object.fromEntries(Object.entries(chooseVariants(gpu.caps)).filter(([axis]) => axis !== 'gemv')),
    mostMs: 3000,
  });
  expect(waits).toBeGreaterThan(0);
  expect(choices['gemv']).toEqual({ value: usual, by: 'usual' });
});
