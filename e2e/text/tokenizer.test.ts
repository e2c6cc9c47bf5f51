// The tokenizers over real GGUF files: the tiny conformance models always, the two whole models where the
// model cache has them (QUERN_CACHE or ~/.cache/quern, folder models).
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openGguf } from '@quern/formats';
import { openNodeFile } from '@quern/store/node';
import { createTokenizer, encodeChat, loadTemplates, vocabularyFromMetadata } from '@quern/text';
import { describe, expect, it } from 'vitest';

interface Vector {
  text: string;
  ids_parse_special: number[];
  ids_plain: number[];
  ids_default: number[];
  detokenized_parse_special: string;
  detokenized_skip_special: string;
}

const CASES = fileURLToPath(new URL('../conformance/', import.meta.url));
const MODELS = join(process.env['QUERN_CACHE'] ?? join(homedir(), '.cache', 'quern'), 'models');
const read = (path: string): unknown => JSON.parse(readFileSync(join(CASES, path), 'utf8'));

async function metadataOf(path: string): Promise<ReadonlyMap<string, unknown>> {
  const source = await openNodeFile(path);
  try {
    return (await openGguf([source])).metadata;
  } finally {
    await source.close();
  }
}

describe.each(['arch-llama', 'arch-llama3-rope'])('%s', (name) => {
  it('encodes its prompt as transformers and llama.cpp do', async () => {
    const expected = read(`${name}/expected.json`) as { prompt_text: string; prompt_ids: number[] };
    const tokenizer = createTokenizer(
      vocabularyFromMetadata(await metadataOf(join(CASES, name, 'model.gguf'))),
    );
    expect(tokenizer.encode(expected.prompt_text, { addSpecial: true, parseSpecial: true })).toEqual(
      expected.prompt_ids,
    );
  });
});

describe.each(['smollm2', 'gemma3-270m'])('the whole vocabulary of %s', (name) => {
  const oracle = read(`tokenizer/${name}.json`) as { model_file: string; n_vocab: number; vectors: Vector[] };
  const path = join(MODELS, oracle.model_file);
  const there = existsSync(path);
  if (!there) console.warn(`skipped: ${oracle.model_file} is not in ${MODELS}`);

  it.runIf(there)(
    `gives llama.cpp's ids for ${oracle.vectors.length} texts`,
    { timeout: 30_000 },
    async () => {
      const metadata = await metadataOf(path);
      const tokenizer = createTokenizer(vocabularyFromMetadata(metadata));
      expect(tokenizer.vocabularySize).toBe(oracle.n_vocab);
      for (const vector of oracle.vectors) {
        const { text, ids_parse_special } = vector;
        const label = JSON.stringify(text);
        expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: true }), label).toEqual(
          ids_parse_special,
        );
        expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: false }), label).toEqual(
          vector.ids_plain,
        );
        expect(tokenizer.encode(text, { addSpecial: true, parseSpecial: true }), label).toEqual(
          vector.ids_default,
        );
        expect(tokenizer.decode(ids_parse_special, { skipSpecial: false }), label).toBe(
          vector.detokenized_parse_special,
        );
        expect(tokenizer.decode(ids_parse_special, { skipSpecial: true }), label).toBe(
          vector.detokenized_skip_special,
        );
      }
    },
  );

  if (name !== 'smollm2') return;
  it.runIf(there)('renders and encodes chats with the template in the file', async () => {
    const chats = read('tokenizer/smollm2-chat.json') as {
      cases: Array<{
        messages: Array<{ role: string; content: string }>;
        add_generation_prompt: boolean;
        ids: number[];
      }>;
    };
    const metadata = await metadataOf(path);
    const tokenizer = createTokenizer(vocabularyFromMetadata(metadata));
    const { createChatTemplate } = await loadTemplates();
    const template = createChatTemplate(String(metadata.get('tokenizer.chat_template')), {
      bosToken: tokenizer.bosId === undefined ? undefined : tokenizer.tokenText(tokenizer.bosId),
    });
    for (const { messages, add_generation_prompt, ids } of chats.cases) {
      const rendered = template.render(messages, { addGenerationPrompt: add_generation_prompt });
      expect(encodeChat(tokenizer, rendered)).toEqual(ids);
    }
  });
});
