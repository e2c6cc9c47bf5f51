// What to measure: from the fields, the address (?prompt=128,512&decode=64&depths=0,512&reps=3&numerics=fast), or
// the adapter.
import type { EngineInfo, Numerics } from '../load/engine.ts';
import { byId } from '../look/element.ts';
import type { BenchSettings } from './report.ts';

const GPU: BenchSettings = {
  promptTokens: [32, 128, 512, 2048],
  decodeTokens: 64,
  depths: [0, 512, 2048, 8192],
  repetitions: 3,
};
/** A software adapter takes a second for ten tokens: enough for a figure, not for patience. */
const SOFTWARE: BenchSettings = { promptTokens: [32, 128], decodeTokens: 16, depths: [0], repetitions: 1 };

const promptField = byId('prompt-tokens', HTMLInputElement);
const decodeField = byId('decode-tokens', HTMLInputElement);
const depthsField = byId('depths', HTMLInputElement);
const repetitionsField = byId('repetitions', HTMLInputElement);
const numericsField = byId('numerics', HTMLSelectElement);

export function fillSettings(query: URLSearchParams): void {
  promptField.value = query.get('prompt') ?? '';
  decodeField.value = query.get('decode') ?? '';
  depthsField.value = query.get('depths') ?? '';
  repetitionsField.value = query.get('reps') ?? '';
  numericsField.value = query.get('numerics') === 'fast' ? 'fast' : 'exact';
}

/** What the load is to ask for. */
export function readNumerics(): Numerics {
  return numericsField.value === 'fast' ? 'fast' : 'exact';
}

/** What is not asked for is what the adapter has patience for and the context room. */
export function readSettings({
  adapter,
  contextLength,
}: Pick<EngineInfo, 'adapter' | 'contextLength'>): BenchSettings {
  const fallback = adapter.software ? SOFTWARE : GPU;
  const decodeTokens = positive(decodeField) ?? fallback.decodeTokens;
  const room = contextLength - decodeTokens;
  return {
    promptTokens:
      numbers(promptField, 1) ?? fallback.promptTokens.filter((tokens) => tokens <= contextLength),
    decodeTokens,
    depths: numbers(depthsField, 0) ?? fallback.depths.filter((depth) => depth === 0 || depth <= room),
    repetitions: positive(repetitionsField) ?? fallback.repetitions,
  };
}

/** Those from `least` that the field has; undefined if it has none. */
function numbers(field: HTMLInputElement, least: number): number[] | undefined {
  const words = field.value.split(/[\s,;]+/).filter((word) => word !== '');
  const found = words.map(Number).filter((value) => Number.isInteger(value) && value >= least);
  return found.length > 0 ? found : undefined;
}

function positive(field: HTMLInputElement): number | undefined {
  const value = Number(field.value);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
