// Which ids are special and which end generation. Files are often wrong or silent about both, so token
// texts are looked at too, with the lists and exceptions of llama.cpp (src/llama-vocab.cpp, load).

import { QuernError } from '@quern/spec';

import {
  TOKEN_CONTROL,
  TOKEN_NORMAL,
  TOKEN_UNKNOWN,
  TOKEN_USER_DEFINED,
  type GgufVocabulary,
} from './vocabulary.ts';

const END_OF_GENERATION = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '</s>',
  '<|eom_id|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<\uff5cend\u2581of\u2581sentence\uff5c>',
  '[e~[',
];
/** Fill-in-the-middle tokens that end generation: padding, repository, file separator. */
const FIM_PAD = ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'];
const FIM_REPOSITORY = ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'];
const FIM_SEPARATOR = ['<|file_sep|>'];
/** Fill-in-the-middle tokens that only have to be control tokens, whatever the file says. */
// prettier-ignore
const FIM_MARKERS = [
  '<|fim_prefix|>', '<fim-prefix>', '<fim_prefix>', '<\uff5cfim\u2581begin\uff5c>', '<PRE>', '\u2581<PRE>',
  '<|code_prefix|>', '<|prefix|>', '<|fim_suffix|>', '<fim-suffix>', '<fim_suffix>', '<SUF>', '\u2581<SUF>',
  '<\uff5cfim\u2581hole\uff5c>', '<|code_suffix|>', '<|suffix|>', '<|fim_middle|>', '<fim-middle>',
  '<fim_middle>', '<\uff5cfim\u2581end\uff5c>', '<MID>', '\u2581<MID>', '<|code_middle|>', '<|middle|>',
];
/** gpt-oss (harmony): part of the visible protocol, so never hidden. */
const HARMONY_MARKERS = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

export interface SpecialTokens {
  /** TOKEN_* per id, corrected. */
  types: Uint8Array;
  bosId?: number;
  eosId?: number;
  unkId?: number;
  eogIds: ReadonlySet<number>;
  addBos: boolean;
  addEos: boolean;
  /** Special tokens that swallow the white space after them. */
  rstripIds: ReadonlySet<number>;
}

export interface SpecialDefaults {
  bosId?: number;
  eosId?: number;
  unkId?: number;
  addBos: boolean;
}

/** Throws QuernError 'corrupt-file' when BOS or EOS should be added and the file has none. */
export function resolveSpecialTokens(vocabulary: GgufVocabulary, defaults: SpecialDefaults): SpecialTokens {
  const { tokens } = vocabulary;
  const idOf = indexTokens(tokens);
  const inside = (id: number | undefined): number | undefined =>
    id !== undefined && id >= 0 && id < tokens.length ? id : undefined;
  const types = Uint8Array.from(tokens, (_, id) => vocabulary.tokenTypes?.[id] ?? TOKEN_NORMAL);
  const bosId = inside(vocabulary.bosId) ?? inside(defaults.bosId);
  const eosId = inside(vocabulary.eosId) ?? inside(defaults.eosId);
  const unkId = inside(vocabulary.unkId) ?? inside(defaults.unkId);

  const eogIds = new Set<number>();
  const addEog = (id: number | undefined): void => {
    if (id !== undefined) eogIds.add(id);
  };
  const control = (id: number): number => {
    types[id] = TOKEN_CONTROL;
    return id;
  };
  const markerIds = (texts: readonly string[]): number[] =>
    texts.map((text) => idOf.get(text)).filter((id) => id !== undefined);

  for (const id of markerIds(FIM_MARKERS)) control(id);
  for (const [given, texts] of [
    [vocabulary.fimPadId, FIM_PAD],
    [vocabulary.fimRepId, FIM_REPOSITORY],
    [vocabulary.fimSepId, FIM_SEPARATOR],
  ] as const) {
    const found = markerIds(texts)[0];
    addEog(inside(given) ?? (found === undefined ? undefined : control(found)));
  }
  for (const id of markerIds(END_OF_GENERATION)) addEog(control(id));
  for (const id of markerIds(HARMONY_MARKERS)) types[id] = TOKEN_USER_DEFINED;
  addEog(eosId);
  addEog(inside(vocabulary.eotId));
  addEog(inside(vocabulary.eomId));
  exceptions(eogIds, types, idOf);

  const addBos = vocabulary.addBos ?? defaults.addBos;
  const addEos = vocabulary.addEos ?? false;
  if ((addBos && bosId === undefined) || (addEos && eosId === undefined)) {
    const name = addBos && bosId === undefined ? 'BOS' : 'EOS';
    throw new QuernError(
      'corrupt-file',
      `the vocabulary asks for ${name} at the ${name === 'BOS' ? 'start' : 'end'} of texts but names no ${name} id below ${tokens.length}`,
    );
  }
  const rstripIds = phi3Strips(vocabulary.modelName, types, idOf);
  return { types, bosId, eosId, unkId, eogIds, addBos, addEos, rstripIds };
}

/** Text -> id; of doubles the first counts. */
export function indexTokens(tokens: readonly string[]): Map<string, number> {
  const map = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (!map.has(token)) map.set(token, id);
  return map;
}

/** Families in which a common end marker does not end the turn. */
function exceptions(eogIds: Set<number>, types: Uint8Array, idOf: ReadonlyMap<string, number>): void {
  const ends = (text: string): boolean => eogIds.has(idOf.get(text) ?? -1);
  const keep = (text: string, type: number): void => {
    const id = idOf.get(text);
    if (id === undefined || !eogIds.delete(id)) return;
    types[id] = type;
  };
  const calls = ends('<|call|>') || ends('<|calls|>');
  // In harmony and Solar Open <|end|> only closes one message of a turn.
  if (calls && (ends('<|return|>') || ends('<|flush|>'))) keep('<|end|>', TOKEN_USER_DEFINED);
  // Gemma 4 has an HTML tag of this spelling.
  if (ends('<|tool_response>')) keep('</s>', TOKEN_NORMAL);
}

function phi3Strips(
  modelName: string | undefined,
  types: Uint8Array,
  idOf: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const ids = new Set<number>();
  if (!/phi-?3/i.test(modelName ?? '')) return ids;
  types.forEach((type, id) => {
    if (type === TOKEN_CONTROL || type === TOKEN_USER_DEFINED || type === TOKEN_UNKNOWN) ids.add(id);
  });
  for (const text of ['<unk>', '<s>', '<|endoftext|>']) ids.delete(idOf.get(text) ?? -1);
  const end = idOf.get('</s>');
  if (end !== undefined) ids.add(end);
  return ids;
}
