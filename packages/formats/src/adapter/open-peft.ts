// A folder of PEFT (adapter_config.json, adapter_model.safetensors) -> an AdapterFile.
// Source: peft, LoraConfig and tuners/lora/layer.py.

import { QuernError, type ByteSource } from '@quern/spec';
import { ConfigReader } from '../safetensors/config-reader.ts';
import { FolderFiles } from '../safetensors/folder-files.ts';
import { readHeader } from '../safetensors/header.ts';
import type { AdapterFile } from './adapter-file.ts';
import { type Half, pairUp } from './pair-up.ts';

/** Throws 'corrupt-file', 'invalid-request' for missing files, 'unsupported-architecture' for other kinds than LoRA. */
export async function openPeft(sources: readonly ByteSource[], signal?: AbortSignal): Promise<AdapterFile> {
  const files = new FolderFiles(sources);
  const json = await files.json('adapter_config.json', signal);
  const weights = sources.filter(({ name }) => /\.safetensors$/i.test(name));
  if (json === undefined || weights.length !== 1) {
    throw new QuernError(
      'invalid-request',
      'an adapter is adapter_config.json and adapter_model.safetensors; give their folder or both files',
    );
  }
  const config = new ConfigReader(json);
  refuseOtherKinds(config);
  const { tensors, unsupported } = await readHeader(weights[0]!, 0, signal);
  const [odd] = unsupported;
  if (odd) {
    throw new QuernError(
      'unsupported-dtype',
      `the adapter's tensor '${odd.name}' is ${odd.typeName}; F32, F16 and BF16 work`,
    );
  }
  const halves = tensors.map((tensor): Half => {
    const plain = tensor.name.replace(/^base_model\.model\./, '');
    const [, module, half] = /^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/.exec(plain) ?? [];
    if (module !== undefined) return { weight: `${module}.weight`, half: half === 'A' ? 'a' : 'b', tensor };
    throw new QuernError(
      'unsupported-architecture',
      `the adapter has a tensor '${tensor.name}'; additions to linear layers (lora_A, lora_B) run, whole modules, ` +
        'embeddings, biases and DoRA do not',
    );
  });
  return { format: 'peft', weights: pairUp(halves, scales(config)), sources: weights };
}

function refuseOtherKinds(config: ConfigReader): void {
  const type = config.string('peft_type') ?? 'LORA';
  const reason =
    type !== 'LORA'
      ? `is of the kind ${type}; LORA runs`
      : config.flag('use_dora') === true
        ? 'is DoRA (use_dora), which scales the weights by their norms; plain LoRA runs'
        : (config.string('bias') ?? 'none') !== 'none'
          ? `trains biases (bias: ${config.string('bias')}); one with bias: none runs`
          : (config.strings('modules_to_save') ?? []).length > 0
            ? `replaces whole modules (modules_to_save: ${config.strings('modules_to_save')!.join(', ')})`
            : undefined;
  if (reason !== undefined) throw new QuernError('unsupported-architecture', `the adapter ${reason}`);
}

/** alpha over the rank or its root; alpha_pattern names modules that have one of their own. */
function scales(config: ConfigReader): (weight: string, rank: number) => number {
  const alpha = config.number('lora_alpha') ?? 8;
  const patterns = Object.entries(config.object('alpha_pattern')?.json ?? {});
  const root = config.flag('use_rslora') === true;
  return (weight, rank) => {
    const module = weight.replace(/\.weight$/, '');
    const [, own] = patterns.find(([pattern]) => matches(pattern, module)) ?? [];
    const value = typeof own === 'number' ? own : alpha;
    return value / (root ? Math.sqrt(rank) : rank);
  };
}

/** As PEFT: a pattern is a regular expression for the end of a module's name. Broken ones match their own text. */
function matches(pattern: string, module: string): boolean {
  // Untrusted: only plain names and the escapes of dots are taken for patterns.
  const plain = pattern.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
  if (!/^[\w.]+$/.test(plain)) {
    throw new QuernError(
      'unsupported-architecture',
      `the adapter's alpha_pattern '${pattern.slice(0, 80)}' is more than a module's name, which is not read`,
    );
  }
  return module === plain || module.endsWith(`.${plain}`);
}
