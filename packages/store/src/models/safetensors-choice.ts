// Which files of a Hugging Face folder or repository make its model, where its weights are safetensors: the
// weights, and beside them what says how to read them. Looks at names alone.
import { QuernError } from '@quern/spec';
import { allParts, parseSplitName } from './split-name.ts';

export const SAFETENSORS_INDEX = 'model.safetensors.index.json';
/** What a model's folder may hold besides weights, as far as it is read. */
export const BESIDE_WEIGHTS: readonly string[] = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'chat_template.json',
  'quantize_config.json',
  'adapter_config.json',
  SAFETENSORS_INDEX,
];
/** The same weights under the names of their maker's own code, and adapters. */
const NOT_A_MODEL = /^(consolidated|adapter_model|original)\b/i;

/**
 * The files of the model (or of the LoRA adapter) in `folder` ('' or ending in '/') of a listing, undefined where it has no weights in
 * safetensors. `where` is for messages. Throws 'invalid-request' where several sets of weights fit.
 */
export function safetensorsModel(paths: readonly string[], where: string, folder = ''): string[] | undefined {
  const names = paths
    .filter((path) => path.startsWith(folder))
    .map((path) => path.slice(folder.length))
    .filter((name) => !name.includes('/'));
  const weights = names.filter((name) => /\.safetensors$/i.test(name) && !NOT_A_MODEL.test(name)).sort();
  if (weights.length === 0) {
    const adapter = ['adapter_config.json', 'adapter_model.safetensors'];
    return adapter.every((name) => names.includes(name)) ? adapter.map((name) => folder + name) : undefined;
  }
  const sharded = weights.filter((name) => parseSplitName(name) !== undefined);
  const indexed = names.includes(SAFETENSORS_INDEX);
  const chosen =
    indexed && sharded.length > 0
      ? sharded
      : weights.includes('model.safetensors')
        ? ['model.safetensors']
        : sharded.length > 0
          ? allParts(sharded[0]!)
          : weights;
  if (!indexed && chosen === weights && weights.length > 1) {
    throw new QuernError(
      'invalid-request',
      `${where} holds several files of weights; name one: ${weights.join(', ')}`,
    );
  }
  const missing = chosen.find((name) => !names.includes(name));
  if (missing !== undefined) throw new QuernError('not-found', `${where} lacks ${missing}`);
  return [...besideIn(names), ...chosen].map((name) => folder + name);
}

/** A named file of weights with its other parts and what lies beside it; others are left out. */
export function withBeside(path: string, paths: readonly string[]): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const names = paths.filter((other) => other.startsWith(folder)).map((other) => other.slice(folder.length));
  const parts = allParts(path);
  // One file of several is a model of its own: the index speaks of others.
  const beside = besideIn(names).filter((name) => parts.length > 1 || name !== SAFETENSORS_INDEX);
  return [...beside.map((name) => folder + name), ...parts];
}

function besideIn(names: readonly string[]): string[] {
  return BESIDE_WEIGHTS.filter((name) => names.includes(name));
}
