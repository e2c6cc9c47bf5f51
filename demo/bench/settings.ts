// What to measure: from the fields, the address (?prompt=128,512&decode=64&reps=3), or the adapter.
import { byId } from '../look/element.ts';
import type { BenchSettings } from './report.ts';

const GPU: BenchSettings = { promptTokens: [128, 512], decodeTokens: 64, repetitions: 3 };
/** A software adapter takes a second for ten tokens: enough for a figure, not for patience. */
const SOFTWARE: BenchSettings = { promptTokens: [32, 128], decodeTokens: 16, repetitions: 1 };

const promptField = byId('prompt-tokens', HTMLInputElement);
const decodeField = byId('decode-tokens', HTMLInputElement);
const repetitionsField = byId('repetitions', HTMLInputElement);

export function fillSettings(query: URLSearchParams): void {
  promptField.value = query.get('prompt') ?? '';
  decodeField.value = query.get('decode') ?? '';
  repetitionsField.value = query.get('reps') ?? '';
}

export function readSettings(software: boolean): BenchSettings {
  const fallback = software ? SOFTWARE : GPU;
  const lengths = promptField.value.split(/[\s,;]+/).map(Number);
  const promptTokens = lengths.filter((tokens) => Number.isInteger(tokens) && tokens > 0);
  return {
    promptTokens: promptTokens.length > 0 ? promptTokens : fallback.promptTokens,
    decodeTokens: positive(decodeField) ?? fallback.decodeTokens,
    repetitions: positive(repetitionsField) ?? fallback.repetitions,
  };
}

function positive(field: HTMLInputElement): number | undefined {
  const value = Number(field.value);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
