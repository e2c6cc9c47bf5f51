// Adapter, limits, and what the engine made of the model on it.
import type { EngineInfo } from '../load/engine.ts';
import { element } from '../look/element.ts';
import { bytes, count } from '../look/format.ts';
import type { ScriptMemory } from './script-memory.ts';

export function adapterView(info: EngineInfo, scripts: ScriptMemory | undefined): HTMLElement {
  const { adapter, memory } = info;
  const taken = memory.weightBytes + memory.kvBytes + memory.scratchBytes;
  const name =
    adapter.description || [adapter.vendor, adapter.architecture, adapter.device].filter(Boolean).join(' ');
  const types = Object.entries(info.tensorTypes).map(([type, tensors]) => `${type} × ${tensors}`);
  return pairs([
    ['Adapter', `${name || 'unnamed'}${adapter.software ? ' (software)' : ''}`],
    ['Features', adapter.features.join(', ') || 'none'],
    [
      'Limits',
      Object.entries(adapter.limits)
        .map(([limit, value]) => `${limit} ${value.toLocaleString('en')}`)
        .join(', '),
    ],
    [
      'Kernel variants',
      Object.entries(info.variantChoices)
        .map(([axis, choice]) => `${axis} ${choice.value} (${how(choice)})`)
        .join(', '),
    ],
    ['Numerics', info.numerics],
    ['Model', `${info.model}, ${info.architecture}, ${count(info.parameters)} parameters`],
    ['Tensors', types.join(', ')],
    ['Context', `${info.contextLength} of ${info.trainedContextLength} tokens, KV in ${info.kv}`],
    [
      'GPU memory',
      `${bytes(taken)}: weights ${bytes(memory.weightBytes)}, KV ${bytes(memory.kvBytes)}, scratch ${bytes(memory.scratchBytes)}`,
    ],
    [
      'Script memory',
      scripts
        ? `${bytes(scripts.bytes)} at most, ${scripts.of === 'page' ? 'without the worker' : 'with the worker'}`
        : 'this browser does not tell',
    ],
  ]);
}

/** How a variant was chosen; times are of the kernels concerned, for a token. */
function how({ by, milliseconds = {}, refused = {} }: EngineInfo['variantChoices'][string]): string {
  const times = Object.entries(milliseconds).map(([value, time]) => `${value} ${time.toPrecision(3)} ms`);
  const wrong = Object.keys(refused).map((value) => `${value} computes wrong`);
  return [by, ...times, ...wrong].join(', ');
}

function pairs(rows: ReadonlyArray<readonly [string, string]>): HTMLElement {
  const list = element('dl', { class: 'pairs' });
  for (const [term, value] of rows) list.append(element('dt', {}, term), element('dd', {}, value));
  return list;
}
