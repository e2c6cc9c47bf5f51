// What a plan tells is what a load takes: the same figures, from the header alone.

import { loadEngine, planLoad, type PlanOptions } from '@quern/engine';
import { adapterCaps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource, EngineInfo, LoadPlan } from '@quern/spec';
import { expect } from 'vitest';

/** Both say the same, and are returned for more. */
export async function checkPlan(
  sources: () => ByteSource[],
  options: Omit<PlanOptions, 'sources'> = {},
): Promise<{ plan: LoadPlan; info: EngineInfo }> {
  const gpu = await openDawn();
  const plan = await planLoad({ sources: sources(), caps: await adapterCaps(gpu), ...options });
  expect(plan.problems).toEqual([]);
  const engine = await loadEngine({ sources: sources(), gpu, ...options });
  const info = engine.info();
  await engine.unload();
  expect(plan).toMatchObject({
    model: info.model,
    architecture: info.architecture,
    memory: info.memory,
    contextLength: info.contextLength,
    trainedContextLength: info.trainedContextLength,
    kv: info.kv,
    parameters: info.parameters,
    tensorTypes: info.tensorTypes,
  });
  expect(plan.memory).toEqual(info.memory);
  return { plan, info };
}
