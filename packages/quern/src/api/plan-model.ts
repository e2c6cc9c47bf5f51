// What a load will take, told where the files and the adapter are: in a worker and in Node.

import { planLoad } from '@quern/engine';
import type { Caps } from '@quern/gpu';
import { type LoadPlan, QuernError } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';
import type { Keeper } from './keeper.ts';

/** Where there is no adapter (`caps` throws) the plan has no limits, and that is its first problem. */
export async function planModel(
  keeper: Keeper,
  caps: () => Promise<Caps>,
  request: LoadRequest,
  signal: AbortSignal | undefined,
): Promise<LoadPlan> {
  const { contextLength, kv, memoryBytes, numerics, variants } = request;
  let problem: QuernError | undefined;
  const known = await caps().catch((error: unknown) => {
    problem = QuernError.from(error);
    return undefined;
  });
  const storage = await keeper.usage().catch(() => undefined);
  const sources = await keeper.open(request, { signal, peek: true });
  const shape = { contextLength, kv, memoryBytes, numerics, variants };
  const plan = await planLoad({ ...shape, sources, caps: known, storage, signal });
  const first = problem ? [{ code: problem.code, message: problem.message }] : [];
  return { ...plan, problems: [...first, ...plan.problems] };
}
