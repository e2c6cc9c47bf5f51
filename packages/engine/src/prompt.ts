// A request's prompt as token ids.

import { type Prompt, QuernError } from '@quern/spec';
import { type ChatTemplate, encodeChat, type Tokenizer } from '@quern/text';

export interface PromptContext {
  tokenizer: Tokenizer;
  template: ChatTemplate | undefined;
  config: { vocabulary: number };
  contextLength: number;
}

/** Throws 'template-error', 'invalid-request' (no tokens, ids outside the vocabulary), 'context-overflow'. */
export function encodePrompt(
  { tokenizer, template, config, contextLength }: PromptContext,
  prompt: Prompt,
): number[] {
  const ids = encode(tokenizer, template, prompt);
  if (ids.length === 0) throw new QuernError('invalid-request', 'The prompt has no tokens.');
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabulary);
  if (wrong !== undefined) {
    throw new QuernError(
      'invalid-request',
      `Token id ${wrong} is not in the vocabulary of 0 to ${config.vocabulary - 1}.`,
    );
  }
  if (ids.length > contextLength) {
    throw new QuernError(
      'context-overflow',
      `The prompt has ${ids.length} tokens, the context ${contextLength}. Shorten it, or load the model with a larger context.`,
    );
  }
  return ids;
}

function encode(tokenizer: Tokenizer, template: ChatTemplate | undefined, prompt: Prompt): number[] {
  switch (prompt.kind) {
    case 'ids':
      return prompt.ids;
    case 'text':
      return tokenizer.encode(prompt.text, { addSpecial: true, parseSpecial: true });
    case 'chat': {
      if (!template) {
        throw new QuernError(
          'template-error',
          'This model has no chat template; it continues raw text (completions), it was not made to chat.',
        );
      }
      return encodeChat(tokenizer, template.render(prompt.messages, { addGenerationPrompt: true }));
    }
  }
}
