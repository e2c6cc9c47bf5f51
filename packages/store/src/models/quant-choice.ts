// Which GGUF of a folder or repository: by the quantisation that file names tell.
import { QuernError } from '@quern/spec';
import { allParts, parseSplitName } from './split-name.ts';

/**
 * What is taken when none is named, best first: the usual balance of size and quality, then the small plain
 * types, then upwards in quality, then the dynamic and importance types, then full precision, and at the end
 * what loses most.
 */
export const QUANT_ORDER: readonly string[] = [
  'Q4_K_M Q4_0 Q4_1 Q8_0 Q4_K_S Q5_K_M Q5_K_S Q6_K Q5_1 Q5_0',
  'UD-Q4_K_XL Q4_K_L IQ4_NL IQ4_XS MXFP4 MXFP4_MOE UD-Q5_K_XL UD-Q6_K_XL UD-Q8_K_XL',
  'BF16 F16 F32',
  'Q3_K_L Q3_K_M UD-Q3_K_XL IQ3_M IQ3_S Q3_K_S IQ3_XS IQ3_XXS',
  'Q2_K_L Q2_K UD-Q2_K_XL IQ2_M IQ2_S IQ2_XS IQ2_XXS TQ2_0 TQ1_0 IQ1_M IQ1_S',
].flatMap((line) => line.split(' '));

const QUANT =
  /(?:^|[-._/])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|FP?16|FP?32))(?=[-._/]|$)/gi;
/** Beside models: vision projectors, importance matrices, adapters. */
const NOT_A_MODEL = /(^|[-._/])(mmproj|imatrix|lora)([-._/]|$)/i;

/** The quantisation in a GGUF's path, upper case ('Q4_K_M', 'F16'), or undefined. */
export function quantOf(path: string): string | undefined {
  const stem = (parseSplitName(path)?.stem ?? path).replace(/\.gguf$/i, '');
  const base = stem.slice(stem.lastIndexOf('/') + 1);
  // The last one in the name; if the name has none, the folder's (`Q4_K_M/model-00001-of-00002.gguf`).
  for (const text of [base, stem]) {
    const found = [...text.matchAll(QUANT)].at(-1)?.[1];
    if (found) return found.toUpperCase().replace(/^FP/, 'F');
  }
  return undefined;
}

/** A model of a listing: one file, or all parts of a split one. */
export interface GgufModel {
  paths: string[];
  quant: string | undefined;
}

/** The models among paths; a split one counts only when all its parts are there. */
export function ggufModels(paths: readonly string[]): GgufModel[] {
  const there = new Set(paths);
  const models: GgufModel[] = [];
  for (const path of [...paths].sort()) {
    if (!/\.gguf$/i.test(path) || NOT_A_MODEL.test(path.slice(path.lastIndexOf('/') + 1))) continue;
    const parts = allParts(path);
    if (parts[0] !== path || !parts.every((part) => there.has(part))) continue;
    models.push({ paths: parts, quant: quantOf(path) });
  }
  return models;
}

/**
 * The model that is meant: of quantisation `quant`, else the first of QUANT_ORDER, else the only one.
 * `where` is for messages. Throws 'not-found' (with what there is) and 'invalid-request' (several fit).
 */
export function chooseModel(paths: readonly string[], quant: string | undefined, where: string): GgufModel {
  const models = ggufModels(paths);
  if (models.length === 0) {
    throw new QuernError(
      'not-found',
      `${where} holds no whole model in GGUF or safetensors (${paths.length} files)`,
    );
  }
  const wanted = quant?.toUpperCase().replace(/^FP/, 'F') ?? QUANT_ORDER.find((name) => has(models, name));
  const fitting = wanted === undefined ? models : models.filter((model) => model.quant === wanted);
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  if (only) {
    const names = fitting.map((model) => model.paths[0]).join(', ');
    throw new QuernError('invalid-request', `${where} holds several models that fit; name one: ${names}`);
  }
  const quants = [...new Set(models.map((model) => model.quant ?? model.paths[0]))].join(', ');
  throw new QuernError('not-found', `${where} has no ${quant}; there are: ${quants}`);
}

function has(models: readonly GgufModel[], quant: string): boolean {
  return models.some((model) => model.quant === quant);
}

/**
 * The first of QUANT_ORDER whose model has at most `maxBytes`; the smallest where none has so few. Undefined where no
 * model tells its quantisation.
 */
export function quantWithin(
  models: readonly GgufModel[],
  maxBytes: number,
  sizeOf: (path: string) => number,
): { quant: string | undefined; bytes: number } {
  const known = QUANT_ORDER.flatMap((quant) => {
    const sizes = models
      .filter((model) => model.quant === quant)
      .map(({ paths }) => paths.reduce((sum, path) => sum + sizeOf(path), 0));
    return sizes.length > 0 ? [{ quant, bytes: Math.min(...sizes) }] : [];
  });
  const smallest = known.toSorted((a, b) => a.bytes - b.bytes)[0];
  return known.find(({ bytes }) => bytes <= maxBytes) ?? smallest ?? { quant: undefined, bytes: 0 };
}
