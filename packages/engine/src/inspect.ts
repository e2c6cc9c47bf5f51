// What a model file says of itself, and the plan of its load: from its header alone.

import { describeValue } from '@quern/formats';
import { findArchitecture } from '@quern/models';
import { type LoadPlan, QuernError } from '@quern/spec';
import { openHeader, planOf, type PlanOptions } from './plan-load.ts';
import { type TensorTable, tensorTable } from './tensor-table.ts';

export interface ModelReport {
  plan: LoadPlan;
  metadata: Record<string, string>;
  tensors: TensorTable;
  /** What becomes of tensors that their types do not tell (a half that is transposed at load). */
  remarks: string[];
}

/** Throws as `planLoad` does. */
export async function inspectModel(options: PlanOptions): Promise<ModelReport> {
  try {
    const file = await openHeader(options);
    const plan = await planOf(file, options);
    const runs = plan.contextLength > 0;
    return {
      plan,
      metadata: Object.fromEntries([...file.metadata].map(([key, value]) => [key, describeValue(value)])),
      tensors: tensorTable(file),
      remarks: (runs && findArchitecture(file.architecture).remarks?.(file.tensors)) || [],
    };
  } catch (error) {
    throw QuernError.from(error);
  } finally {
    await Promise.allSettled(options.sources.map((source) => source.close()));
  }
}
