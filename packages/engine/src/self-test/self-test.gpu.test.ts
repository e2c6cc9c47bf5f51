// The self-test on a real adapter, once each: kernels as they are, and one that computes wrong. The slow tests have more.
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, expect, test, vi } from 'vitest';
import { chooseVariants } from '@quern/kernels';
import { LONG, needOfTest, sabotaged, SLOW, WRONG } from '../testing/self-test-cases.ts';
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

/** All but one axis stands. */
function allBut(axis: string): Record<string, string> {
  return Object.fromEntries(Object.entries(chooseVariants(gpu.caps)).filter(([name]) => name !== axis));
}

test('both forms of a decode matmul are timed', async () => {
  const forced = allBut('gemv');
  const { choices, warning } = await tried({
    gpu,
    tools: TOOLS,
    need: needOfTest('q4_0'),
    forced,
    mostMs: LONG,
  });
  expect(warning).toBeUndefined();
  const times = { thread: expect.any(Number), workgroup: expect.any(Number) };
  expect(choices['gemv']).toMatchObject({ by: 'measured', milliseconds: times });
  expect(choices['gemv']!.refused).toBeUndefined();
});

test('one that computes wrong is refused, and the device is well', async () => {
  const other = chooseVariants(gpu.caps).gemv === 'thread' ? 'workgroup' : 'thread';
  const tools = sabotaged(`matmul-${other}`, WRONG);
  const forced = allBut('gemv');
  const { choices } = await tried({ gpu, tools, need: needOfTest('q4_0'), forced, mostMs: LONG });
  expect(choices['gemv']!.refused?.[other]).toMatch(/results are off by an NMSE of 0\.0001/);
  expect(choices['gemv']!.value).not.toBe(other);
  gpu.check();
});

test('one that is far too slow in one work is not compiled for another', async () => {
  const usual = chooseVariants(gpu.caps).gemv;
  const other = usual === 'thread' ? 'workgroup' : 'thread';
  const get = vi.spyOn(gpu.pipelines, 'get');
  const { choices } = await tried({
    gpu,
    tools: sabotaged(`matmul-${other}`, SLOW),
    need: needOfTest('q4_0'),
    forced: allBut('gemv'),
    mostMs: LONG,
  });
  const compiled = get.mock.calls.map(([{ key }]) => key).filter((key) => key.startsWith(`matmul-${other} `));
  get.mockRestore();
  expect(choices['gemv']!.value).toBe(usual);
  expect(compiled.length).toBeGreaterThan(0);
  expect(compiled.filter((key) => key.includes(' fold '))).toEqual([]);
});
