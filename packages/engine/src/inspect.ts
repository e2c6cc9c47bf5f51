// What a model file says of itself and what it will need, from its header alone.

import { describeValue, openModelFile } from '@quern/formats';
import { weightBytes } from '@quern/kernels';
import { findArchitecture, type ModelConfig, withGgufNames } from '@quern/models';
import { type ByteSource, type KvGroupInfo, type KvType, QuernError } from '@quern/spec';
import { cacheGroups, describeGroups } from './cache-groups.ts';
import { chooseContext, prefillRows } from './memory-plan.ts';
import { modelName } from './model-name.ts';

export interface ModelReport {
  model: string;
  format: string;
  architecture: string;
  /** True if this build runs it; else why not. */
  supported: boolean;
  reason?: string;
  /** What becomes of tensors that their types do not tell (a half that is transposed at load). */
  remarks: string[];
  metadata: Record<string, string>;
  /** Tensors, elements and bytes by block type. */
  tensors: Record<string, { count: number; elements: number; bytes: number }>;
  parameters: number;
  contextLength: number;
  trainedContextLength: number;
  /** Bytes: of the tensors in the file, of the weights on the GPU, of the KV cache at `contextLength`. */
  memory: { file: number; weights: number; kv: number; kvGroups: KvGroupInfo[] };
}

/** Throws 'corrupt-file' and what the sources throw; an architecture that does not run is reported, not thrown. */
export async function inspectModel(
  sources: ByteSource[],
  { contextLength, kv = 'f16', signal }: { contextLength?: number; kv?: KvType; signal?: AbortSignal } = {},
): Promise<ModelReport> {
  try {
    const file = withGgufNames(await openModelFile(sources, signal));
    const { config, reason } = configOf(file.architecture, file.metadata);
    const tensors: ModelReport['tensors'] = {};
    let weights = 0;
    for (const { dtype, shape, byteLength } of file.tensors.values()) {
      const elements = shape.reduce((product, n) => product * n, 1);
      const row = (tensors[dtype.name] ??= { count: 0, elements: 0, bytes: 0 });
      row.count += 1;
      row.elements += elements;
      row.bytes += byteLength;
      weights +=
        shape.length > 1
          ? gpuBytes(dtype, elements / shape.at(-1)!, shape.at(-1)!, byteLength)
          : elements * 4;
    }
    for (const { typeName, shape } of file.unsupported.values()) {
      const row = (tensors[typeName.toLowerCase()] ??= { count: 0, elements: 0, bytes: 0 });
      row.count += 1;
      row.elements += shape.reduce((product, n) => product * n, 1);
    }
    const context = config ? chooseContext(config, kv, undefined, contextLength) : 0;
    const kvGroups = config
      ? describeGroups(cacheGroups(config, context, prefillRows(undefined)), config, kv)
      : [];
    const why =
      reason ??
      file.refused ??
      (file.unsupported.size > 0 ? 'some tensors are of types that cannot be decoded' : undefined);
    return {
      model: modelName(file),
      format: file.format,
      architecture: file.architecture,
      supported: why === undefined,
      ...(why !== undefined && { reason: why }),
      remarks: config ? (findArchitecture(file.architecture).remarks?.(file.tensors) ?? []) : [],
      metadata: Object.fromEntries([...file.metadata].map(([key, value]) => [key, describeValue(value)])),
      tensors,
      parameters: Object.values(tensors).reduce((sum, { elements }) => sum + elements, 0),
      contextLength: context,
      trainedContextLength: config?.trainedContextLength ?? 0,
      memory: {
        file: Object.values(tensors).reduce((sum, { bytes }) => sum + bytes, 0),
        weights,
        kv: kvGroups.reduce((sum, group) => sum + group.bytes, 0),
        kvGroups,
      },
    };
  } finally {
    await Promise.allSettled(sources.map((source) => source.close()));
  }
}

function configOf(name: string, metadata: Parameters<ReturnType<typeof findArchitecture>['config']>[0]) {
  try {
    return { config: findArchitecture(name).config(metadata, name) as ModelConfig, reason: undefined };
  } catch (error) {
    if (QuernError.is(error) && error.code === 'unsupported-architecture') {
      return { config: undefined, reason: error.message };
    }
    throw error;
  }
}

/** Rows that our layout cannot hold are counted as they are in the file. */
function gpuBytes(
  dtype: Parameters<typeof weightBytes>[0],
  rows: number,
  cols: number,
  stored: number,
): number {
  return cols % dtype.blockSize === 0 && cols % 4 === 0 ? weightBytes(dtype, rows, cols) : stored;
}
