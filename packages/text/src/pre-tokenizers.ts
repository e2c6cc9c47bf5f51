// The table: `tokenizer.ggml.pre` -> how a text is split before BPE. Data only; bpe.ts runs it.
//
// The splits are those of the models' own tokenizer.json files, in Oniguruma's syntax; names, and which
// names share a split, are llama.cpp's (src/llama-vocab.cpp, llm_tokenizer_bpe). Where llama.cpp can only
// come near a model's split (gpt-4o, tekken and kin: its engine has no \p{Lu}), the model's own is used.
// Each regex cuts every piece that the one before left; matches and gaps are both kept.

import { QuernError } from '@quern/spec';

export interface PreTokenizer {
  splits: readonly string[];
  /** Tokens are spelled in GPT-2's byte alphabet; else in UTF-8 with U+2581 for a space and <0xNN> for bytes. */
  byteLevel: boolean;
  /** A piece that is itself a token is taken whole, whatever the merges say. */
  ignoreMerges?: boolean;
  /** Add BOS where the file does not say. */
  addBos?: boolean;
  /** False: a file that names no BOS has none. */
  defaultBos?: boolean;
}

const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`;
const CONTRACTION = String.raw`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])`;
const WORD = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const MARKS = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const LLAMA3 = String.raw`${CONTRACTION}|${WORD}|\p{N}{1,3}|${MARKS}|${SPACES}`;
const QWEN2 = String.raw`${CONTRACTION}|${WORD}|\p{N}|${MARKS}|${SPACES}`;

/** Words by case: capitals before small letters, or capitals alone; `suffix` follows either. */
const cased = (suffix: string, digits: string): string => {
  const upper = String.raw`\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`;
  const lower = String.raw`\p{Ll}\p{Lm}\p{Lo}\p{M}`;
  const lead = String.raw`[^\r\n\p{L}\p{N}]?`;
  const marks = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`;
  return `${lead}[${upper}]*[${lower}]+${suffix}|${lead}[${upper}]+[${lower}]*${suffix}|${digits}|${marks}|${SPACES}`;
};
const GPT4O = cased(`${CONTRACTION}?`, String.raw`\p{N}{1,3}`);

const ASCII_MARK = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\`{|}~]`.replace('\\`', '`');
const DEEPSEEK3_WORDS = String.raw`${ASCII_MARK}[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${SPACES}`;
const DEEPSEEK3 = [
  String.raw`\p{N}{1,3}`,
  String.raw`[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+`,
  DEEPSEEK3_WORDS,
];
const DEEPSEEK_CJK = String.raw`[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+`;
/** Letters of scripts with case, as of the Unicode version of DeepSeek's first tokenizer. */
const DEEPSEEK_LETTERS = [
  String.raw`A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373`,
  String.raw`\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481`,
  String.raw`\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B`,
  String.raw`\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59`,
  String.raw`\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3`,
  String.raw`\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124`,
  String.raw`\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B`,
  String.raw`\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787`,
  String.raw`\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\u{10400}-\u{1044F}`,
  String.raw`\u{104B0}-\u{104D3}\u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}`,
  String.raw`\u{1E900}-\u{1E943}`,
].join('');
const BLOOM = String.raw` ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+`;
/** Groups of three digits, counted from the right. */
const DIGIT_GROUPS = String.raw`\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))`;
const HAN = String.raw`\p{Script=Han}`;
const NOT_HAN = `(?!${HAN})`;
const KIMI_UPPER = String.raw`(?:${NOT_HAN}[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])`;
const KIMI_LOWER = String.raw`(?:${NOT_HAN}[\p{Ll}\p{Lm}\p{Lo}\p{M}])`;
const KIMI_LEAD = String.raw`[^\r\n\p{L}\p{N}]?`;
const KIMI_K2 =
  `${HAN}+|${KIMI_LEAD}${KIMI_UPPER}*${KIMI_LOWER}+${CONTRACTION}?|${KIMI_LEAD}${KIMI_UPPER}+${KIMI_LOWER}*${CONTRACTION}?|` +
  String.raw`\p{N}{1,3}|${MARKS}|${SPACES}`;
const YOUTU_SCRIPTS = [
  String.raw`[\uAC00-\uD7A3\u3131-\u318E]+`,
  String.raw`[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F]+`,
  String.raw`[\u3105-\u312F]+`,
  String.raw`[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+`,
].join('|');
const AFMOE_SCRIPTS = [
  String.raw`[\u4E00-\u9FFF\u3400-\u4DBF\u8C48-\uFAFF\u3040-\u309F\u30A0-\u30FF\uFF65-\uFF9F\u2F00-\u2FDF`,
  String.raw`\u0E40-\u0E7F\u0E80-\u0EFF\u1780-\u17FF\u1000-\u109F\uAA60-\uAA7F\uA9E0-\uA9FF\uAC00-\uD7AF\u1100-\u11FF]+`,
].join('');
const LINES = String.raw`[^\n]+|\n+`;
const BAILING = String.raw`'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${WORD}|\p{N}|${MARKS}|\s*[\r\n]|\s+(?!\S)|\s+`;
const JAIS2_SPACES = [512, 256, 128, 64, 32, 16, 8, 4].map((n) => String.raw`\s{${n}}(?!\S)`).join('|');
const EXAONE_MOE = String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`;
const QWEN35 = String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${SPACES}`;
const SEED = String.raw`${CONTRACTION}|${WORD}|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|${SPACES}`;
const FALCON = [String.raw`[\p{P}\$\+<=>\^~\|` + '`]+', GPT2, '[0-9][0-9][0-9]'];
const DEFAULT = [String.raw`[\p{P}\$\+<=>\^~\|]+`, GPT2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'];

const split = (...splits: string[]): PreTokenizer => ({ splits, byteLevel: true });
const digitsThenGpt2 = split(String.raw`\p{N}`, GPT2);
const gpt2 = split(GPT2);
const llama3: PreTokenizer = { ...split(LLAMA3), ignoreMerges: true, addBos: true };
const llama3Plain = split(LLAMA3);
const glm: PreTokenizer = { ...llama3Plain, defaultBos: false };
const qwen2 = split(QWEN2);
const gpt4o = split(GPT4O);
const deepseek3 = split(...DEEPSEEK3);
const bloom = split(BLOOM);
const bailing = split(BAILING);
const ayaGroups = split(DIGIT_GROUPS, GPT4O);

const rows: ReadonlyArray<readonly [names: string, pre: PreTokenizer]> = [
  ['default', split(...DEFAULT)],
  ['llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2', llama3],
  ['dbrx smaug-bpe', llama3Plain],
  ['glm4 glm5 chatglm-bpe', glm],
  ['gpt-2 phi-2 mpt olmo jais gigachat a.x-4.0 mellum exaone4 trillion granite-docling', gpt2],
  ['starcoder refact command-r smollm codeshell exaone minerva-7b minerva mellum2', digitsThenGpt2],
  ['qwen2 deepseek-r1-qwen stablelm2 kormo f2llmv2 megrez hunyuan solar-open grok-2', qwen2],
  ['qwen35', split(QWEN35)],
  ['laguna', split(LINES, QWEN2)],
  ['ufakzeka', split(String.raw`${WORD}|\p{N}|${MARKS}|${SPACES}`)],
  ['gpt-4o llama4 kanana2 talkie minimax-m2', gpt4o],
  ['tekken', { ...split(cased('', String.raw`\p{N}`)), ignoreMerges: true, addBos: true }],
  ['tiny_aya cohere2moe', ayaGroups],
  [
    'deepseek-llm',
    split(
      '[\\r\\n]',
      String.raw`\s?[${DEEPSEEK_LETTERS}]+`,
      deepseekMarks(),
      String.raw`\s+$`,
      DEEPSEEK_CJK,
      String.raw`\p{N}+`,
    ),
  ],
  [
    'deepseek-coder',
    split('[\\r\\n]', String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, DEEPSEEK_CJK, String.raw`\p{N}`),
  ],
  ['deepseek-v3 hunyuan-dense joyai-llm hy_v4', deepseek3],
  ['youtu', { ...split(YOUTU_SCRIPTS, cased(`${CONTRACTION}?`, String.raw`\p{N}`)), ignoreMerges: true }],
  ['kimi-k2', split(KIMI_K2)],
  ['falcon', split(...FALCON)],
  ['bloom gpt3-finnish poro-chat', bloom],
  ['viking', split(BLOOM, String.raw`\p{N}`)],
  ['superbpe', split(String.raw`\p{N}+`, String.raw`(?=(\d{3})+(?!\d))`)],
  ['bailingmoe bailingmoe2 llada-moe', bailing],
  ['seed-coder', split(SEED)],
  ['exaone-moe', split(EXAONE_MOE)],
  [
    'jais-2',
    split(
      String.raw`${CONTRACTION}|${WORD}|\p{N}{1,3}|${MARKS}|\s*[\r\n]+|${JAIS2_SPACES}|\s{1,2}(?!\S)|\s{1}`,
    ),
  ],
  [
    'minicpm5',
    {
      ...split(String.raw`\p{N}{1,3}`, String.raw`${CONTRACTION}|${WORD}|\p{N}+|${MARKS}|${SPACES}`),
      ignoreMerges: true,
    },
  ],
  ['afmoe', split(DIGIT_GROUPS, AFMOE_SCRIPTS, DEEPSEEK3_WORDS)],
  ['gemma4', { splits: [LINES], byteLevel: false, addBos: true, defaultBos: false }],
  ['sarvam-moe', { splits: [LINES], byteLevel: false }],
];

const table: ReadonlyMap<string, PreTokenizer> = new Map(
  rows.flatMap(([names, pre]) => names.split(' ').map((name) => [name, pre] as const)),
);

/** Every name that works. */
export const preTokenizerNames: readonly string[] = [...table.keys()].sort();

/** Throws QuernError 'unsupported-tokenizer' for a name that is not in the table. */
export function findPreTokenizer(name: string): PreTokenizer {
  const found = table.get(name);
  if (found) return found;
  throw new QuernError(
    'unsupported-tokenizer',
    `the pre-tokenizer '${name.slice(0, 80)}' (tokenizer.ggml.pre) is not known; these work: ${preTokenizerNames.join(', ')}`,
  );
}

function deepseekMarks(): string {
  return String.raw`\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+`;
}
