// How a model goes onto an adapter: the context, the type of keys and values and the rows of a chunk, tried on a
// dry device until everything is within the adapter's limits and the memory that there is. A load asks here before
// it reads a weight; a plan of a load asks nothing else. What cannot be is refused with the numbers.

import { type ModelFile, requireDecodable } from '@quern/formats';
import { type Caps, dryGpu, UNKNOWN_ADAPTER } from '@quern/gpu';
import { chooseVariants, PAGE_TOKENS } from '@quern/kernels';
import { findArchitecture, type ModelConfig } from '@quern/models';
import { GREEDY, type KvType, type MemoryInfo, type Numerics, QuernError } from '@quern/spec';
import { type Layout, layOut, firstPlans, memoryOf, totalBytes } from './layout.ts';
import { chooseContext, prefillRows, SMALLEST_CHUNK } from './memory-plan.ts';
import { stagesFor } from './sampling/stages.ts';
import { smallerQuant } from './smaller-quant.ts';

export interface FitOptions {
  /** Of the adapter; without it there are no limits. */
  caps?: Caps | undefined;
  contextLength?: number | undefined;
  kv?: KvType | undefined;
  /** Default 'exact'. */
  numerics?: Numerics | undefined;
  /** Forced, axis -> value. */
  variants?: Readonly<Record<string, string>> | undefined;
  /** What weights, cache and scratch may take together. WebGPU tells no such number; a caller may know it. */
  memoryBytes?: number | undefined;
  /** As in `layOut`. */
  wholeCache?: boolean | undefined;
  /** The most rows of a prefill chunk; default by the kind of adapter. */
  chunkRows?: number | undefined;
}

export interface Fit {
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly kv: KvType;
  readonly chunkRows: number;
  readonly variants: Record<string, string>;
  /** As `info().memory` has it after the load. */
  readonly memory: MemoryInfo;
}

/**
 * The longest context up to the one asked for, 4096 by default, with f16 keys and values; with q8 ones where nobody
 * chose a type and the context asked for fits no other way.
 * Throws 'out-of-memory' or 'webgpu-unavailable' with the numbers for what does not fit; 'unsupported-architecture',
 * 'unsupported-dtype', 'invalid-request', 'corrupt-file' as the load would.
 */
export async function fit(file: ModelFile, options: FitOptions): Promise<Fit> {
  const config = readConfig(file);
  const { caps, contextLength: asked } = options;
  const types: KvType[] = options.kv ? [options.kv] : asked === undefined ? ['f16'] : ['f16', 'q8'];
  let refusal: QuernError | undefined;
  for (const kv of types) {
    try {
      const contextLength = chooseContext(config, kv, caps, asked);
      const first = await tried(() => tryOut(file, config, options, kv, contextLength));
      if ('memory' in first) return first;
      const shorter = await longestBelow(contextLength, (tokens) =>
        tryOut(file, config, options, kv, tokens),
      );
      if ('memory' in shorter && asked === undefined) return shorter;
      refusal =
        'memory' in shorter
          ? new QuernError(first.code, `${first.message} ${shorter.contextLength} tokens fit.`)
          : new QuernError(shorter.code, `${shorter.message}${await advice(file, options, kv)}`);
    } catch (error) {
      refusal = shortage(error);
    }
  }
  throw refusal!;
}

/** The model's dimensions. Throws for what this build does not run. */
function readConfig(file: ModelFile): ModelConfig {
  const architecture = findArchitecture(file.architecture);
  requireDecodable(file);
  return architecture.config(file.metadata, file.architecture);
}

/** Lays out and records on a dry device. Throws as `fit` does. */
async function tryOut(
  file: ModelFile,
  config: ModelConfig,
  {
    caps = UNKNOWN_ADAPTER,
    numerics,
    variants: forced,
    memoryBytes,
    wholeCache,
    chunkRows: most,
  }: FitOptions,
  kv: KvType,
  contextLength: number,
): Promise<Fit> {
  const variants = { ...chooseVariants(caps, forced, numerics) };
  for (let chunkRows = most ?? prefillRows(caps); ; chunkRows /= 2) {
    const gpu = dryGpu(caps);
    const layout = layOut({ gpu, file, config, contextLength, kv, chunkRows, variants, wholeCache });
    try {
      const memory = await record(layout, chunkRows, contextLength);
      if (memoryBytes !== undefined && totalBytes(memory) > memoryBytes) {
        throw tooMuch(memory, memoryBytes, contextLength, kv);
      }
      return { config, contextLength, kv, chunkRows, variants, memory };
    } catch (error) {
      // Activations grow with the rows of a chunk.
      if (shortage(error) instanceof TooMuch || chunkRows <= SMALLEST_CHUNK) throw error;
    }
  }
}

/** What is taken once the first plans are there; those of the longest context are held to the limits too. */
async function record({ plans, ...rest }: Layout, chunkRows: number, context: number): Promise<MemoryInfo> {
  await firstPlans(plans, chunkRows);
  const memory = memoryOf({ plans, ...rest });
  await plans.prefill(chunkRows, context, { kind: 'nothing' });
  await plans.decode(1, context, stagesFor({ ...GREEDY, temperature: 1, topK: 1 }, true));
  return memory;
}

/** More memory than there is: no limit of a buffer, so that smaller ones would not help. */
class TooMuch extends QuernError {}

function tooMuch(memory: MemoryInfo, there: number, context: number, kv: KvType): TooMuch {
  const { weightBytes, kvBytes, scratchBytes } = memory;
  return new TooMuch(
    'out-of-memory',
    `A context of ${context} tokens needs ${size(totalBytes(memory))} (${size(weightBytes)} of weights, ` +
      `${size(kvBytes)} of ${kv} keys and values, ${size(scratchBytes)} of scratch), this device has ${size(there)}.`,
  );
}

/** As people say it; drives and GPUs are sold in powers of ten. */
function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** The error as one of room, else throws it. */
function shortage(error: unknown): QuernError {
  if (QuernError.is(error) && (error.code === 'out-of-memory' || error.code === 'webgpu-unavailable'))
    return error;
  throw error;
}

async function tried(attempt: () => Promise<Fit>): Promise<Fit | QuernError> {
  try {
    return await attempt();
  } catch (error) {
    return shortage(error);
  }
}

/** The longest context in whole pages below `tokens`, which does not fit; else what keeps one page from fitting. */
async function longestBelow(
  tokens: number,
  attempt: (tokens: number) => Promise<Fit>,
): Promise<Fit | QuernError> {
  let best = await tried(() => attempt(Math.min(PAGE_TOKENS, tokens)));
  let [fits, fails] = [1, Math.ceil(tokens / PAGE_TOKENS)];
  while ('memory' in best && fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    const next = await tried(() => attempt(middle * PAGE_TOKENS));
    if ('memory' in next) [best, fits] = [next, middle];
    else fails = middle;
  }
  return best;
}

/** Which quantisation of the model would fit, with a page of context. */
async function advice(file: ModelFile, options: FitOptions, kv: KvType): Promise<string> {
  const found = await smallerQuant(file, async (smaller) => {
    try {
      return totalBytes((await tryOut(smaller, readConfig(smaller), options, kv, PAGE_TOKENS)).memory);
    } catch {
      return undefined; // nor does that one, or it cannot be made of this file
    }
  });
  return found
    ? ` ${found.name} of it would need about ${size(found.bytes)}.`
    : ' No quantisation of it fits.';
}
