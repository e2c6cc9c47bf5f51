// What a load will take, told from the header: the files and how much of them is here, memory on the GPU at the
// context that will be used, room in the origin's storage, and what keeps the model from running.

import { type ModelFile, openModelFile } from '@quern/formats';
import type { Caps } from '@quern/gpu';
import { withGgufNames } from '@quern/models';
import {
  type ByteSource,
  type LoadPlan,
  type MemoryInfo,
  type PlannedFile,
  type PlanProblem,
  QuernError,
  type QuernErrorCode,
  type StorageUsage,
} from '@quern/spec';
import { roomFor } from '@quern/store';
import { type Fit, fit, type FitOptions } from './fit.ts';
import { modelName } from './model-name.ts';
import { openText } from './open-text.ts';
import { countTensors, tensorTable } from './tensor-table.ts';

export interface PlanOptions extends Omit<FitOptions, 'wholeCache'> {
  /** The files of one model, in any order; they are closed. */
  sources: ByteSource[];
  /** Of the origin, where the platform tells it. */
  storage?: StorageUsage | undefined;
  signal?: AbortSignal | undefined;
}

/** What says that a model cannot run here, rather than that it could not be read. */
const PROBLEMS: ReadonlySet<QuernErrorCode> = new Set([
  'unsupported-architecture',
  'unsupported-dtype',
  'unsupported-tokenizer',
  'template-error',
  'webgpu-unavailable',
  'out-of-memory',
  'context-overflow',
  'invalid-request',
]);

const NOTHING: MemoryInfo = { weightBytes: 0, kvBytes: 0, kvGroups: [], scratchBytes: 0 };

/**
 * Reads headers only. A model that cannot run is told in `problems`, with the figures that it would have without
 * limits where there are any. Throws 'corrupt-file', 'aborted' and what the sources throw.
 */
export async function planLoad(options: PlanOptions): Promise<LoadPlan> {
  try {
    return await planOf(await openHeader(options), options);
  } catch (error) {
    throw QuernError.from(error);
  } finally {
    await Promise.allSettled(options.sources.map((source) => source.close()));
  }
}

/** The file with GGUF's names; no more is fetched than its header. */
export async function openHeader({ sources, signal }: PlanOptions): Promise<ModelFile> {
  for (const source of sources) source.readsAhead = false;
  return withGgufNames(await openModelFile(sources, signal));
}

/** The plan of a file that is open, with GGUF's names. */
export async function planOf(file: ModelFile, options: PlanOptions): Promise<LoadPlan> {
  const { sources, caps, storage, signal } = options;
  const problems: PlanProblem[] = [];
  const orProblem = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!QuernError.is(error) || !PROBLEMS.has(error.code)) throw error;
      problems.push({ code: error.code, message: error.message });
      return undefined;
    }
  };
  const fitted = (await orProblem(() => fit(file, options))) ?? (await withoutLimits(file, options));
  if (textIsHere(file, sources)) await orProblem(() => openText(file, signal));
  const files = sources.map(plannedFile);
  const [bytes, cachedBytes] = [sum(files, (one) => one.bytes), sum(files, (one) => one.cachedBytes)];
  const downloadBytes = bytes - cachedBytes;
  const license = licenseOf(file);
  return {
    model: modelName(file),
    format: file.format,
    architecture: file.architecture,
    ...(license !== undefined && { license }),
    ...countTensors(tensorTable(file)),
    files,
    bytes,
    cachedBytes,
    downloadBytes,
    contextLength: fitted?.contextLength ?? 0,
    trainedContextLength: fitted?.config.trainedContextLength ?? 0,
    kv: fitted?.kv ?? options.kv ?? 'f16',
    memory: fitted?.memory ?? NOTHING,
    ...(caps && { limits: limitsOf(caps) }),
    ...(storage && { storage }),
    fitsStorage: fitsStorage(downloadBytes, storage),
    problems,
  };
}

/** The figures of a model that does not fit; undefined for one that cannot run anywhere. */
async function withoutLimits(file: ModelFile, options: PlanOptions): Promise<Fit | undefined> {
  const { caps, kv, contextLength, numerics, variants } = options;
  const unlimited = Number.MAX_SAFE_INTEGER;
  const roomy = caps && {
    ...caps,
    limits: { ...caps.limits, maxBufferSize: unlimited, maxStorageBufferBindingSize: unlimited },
  };
  for (const asked of [contextLength, undefined]) {
    try {
      return await fit(file, { caps: roomy, kv, contextLength: asked, numerics, variants });
    } catch (error) {
      if (!QuernError.is(error) || !PROBLEMS.has(error.code)) throw error;
    }
  }
  return undefined;
}

/** GGUF has its tokenizer in the header; a folder's is a file, which is not fetched for a plan. */
function textIsHere(file: ModelFile, sources: readonly ByteSource[]): boolean {
  if (!file.readText) return true;
  const tokenizer = sources.find(({ name }) => /(^|\/)tokenizer\.json$/.test(name));
  return tokenizer === undefined || plannedFile(tokenizer).cachedBytes === tokenizer.byteLength;
}

function plannedFile({ name, byteLength, origin, cachedBytes }: ByteSource): PlannedFile {
  return { name, bytes: byteLength, cachedBytes: cachedBytes ?? (origin === 'file' ? byteLength : 0) };
}

function licenseOf({ metadata }: ModelFile): string | undefined {
  const [license, name] = ['general.license', 'general.license.name'].map((key) => {
    const value = metadata.get(key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  });
  // 'other' says only that the name or a link says more.
  return license === undefined || license === 'other' ? (name ?? license) : license;
}

function limitsOf({ limits }: Caps): NonNullable<LoadPlan['limits']> {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  return { maxBufferSize, maxStorageBufferBindingSize };
}

function fitsStorage(downloadBytes: number, storage: StorageUsage | undefined): boolean {
  if (!storage || downloadBytes === 0) return true;
  return storage.quota - storage.usage >= roomFor(downloadBytes);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
