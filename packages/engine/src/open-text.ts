// A model file's tokenizer and chat template: from GGUF's metadata, or from the files of a Hugging Face folder.

import { getString, type ModelFile } from '@quern/formats';
import {
  type ChatTemplate,
  createTokenizer,
  createTokenizerFromJson,
  loadTemplates,
  type Tokenizer,
  vocabularyFromMetadata,
} from '@quern/text';

export interface ModelText {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate | undefined;
}

/** Throws 'unsupported-tokenizer', 'template-error', 'corrupt-file', 'network' and what the sources throw. */
export async function openText(file: ModelFile, signal: AbortSignal | undefined): Promise<ModelText> {
  const { metadata } = file;
  const files = await file.readText?.(signal);
  const tokenizer = files
    ? createTokenizerFromJson(files.tokenizer, files.tokenizerConfig, files.eosIds)
    : createTokenizer(vocabularyFromMetadata(metadata));
  const source = files ? files.chatTemplate : getString(metadata, 'tokenizer.chat_template', undefined);
  if (source === undefined) return { tokenizer, template: undefined };
  const text = (id: number | undefined) => (id === undefined ? undefined : tokenizer.tokenText(id));
  const bosToken = text(tokenizer.bosId);
  const eosToken = text(tokenizer.eosId);
  const { createChatTemplate } = await loadTemplates();
  const template = createChatTemplate(source, {
    ...(bosToken !== undefined && { bosToken }),
    ...(eosToken !== undefined && { eosToken }),
  });
  return { tokenizer, template };
}
