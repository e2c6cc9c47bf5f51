// What a Hugging Face folder says of text: tokenizer, chat template, the ids that end generation.

import { QuernError } from '@quern/spec';
import type { TextFiles } from '../model-file.ts';
import { type FolderFiles, isJson, type Json } from './folder-files.ts';

/** Throws 'unsupported-tokenizer' where there is no tokenizer.json, 'corrupt-file'. */
export async function readTextFiles(
  files: FolderFiles,
  config: Json,
  signal?: AbortSignal,
): Promise<TextFiles> {
  const tokenizer = await files.json('tokenizer.json', signal);
  if (tokenizer === undefined) {
    const old = files.get('tokenizer.model') ? ' (a tokenizer.model alone is not read)' : '';
    throw new QuernError(
      'unsupported-tokenizer',
      `the model has no tokenizer.json${old}; put it beside config.json`,
    );
  }
  const tokenizerConfig = (await files.json('tokenizer_config.json', signal)) ?? {};
  const generation = (await files.json('generation_config.json', signal)) ?? {};
  const separate = await files.text('chat_template.jinja', signal);
  const processor = (await files.json('chat_template.json', signal))?.['chat_template'];
  const template = separate ?? pickTemplate(tokenizerConfig['chat_template'] ?? processor);
  const text = isJson(config['text_config']) ? config['text_config'] : {};
  return {
    tokenizer,
    tokenizerConfig,
    ...(template !== undefined && { chatTemplate: template }),
    eosIds: [...new Set([generation, config, text].flatMap((part) => idsOf(part['eos_token_id'])))],
  };
}

/** A template is one string, or a list of named ones of which 'default' is meant. */
function pickTemplate(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(isJson).filter((entry) => typeof entry['template'] === 'string');
  return (named.find((entry) => entry['name'] === 'default') ?? named[0])?.['template'] as string | undefined;
}

function idsOf(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0);
}
