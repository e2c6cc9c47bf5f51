// Text in and out of a model: tokenizers, chat templates, the stream decoder. Takes plain data; reads no
// files and knows no model.
export type { ChatTemplate, RenderOptions, TemplateTokens } from './chat-template.ts';
export { encodeChat } from './encode-chat.ts';
export { loadTemplates } from './load-templates.ts';
export { preTokenizerNames } from './pre-tokenizers.ts';
export * from './stream-decoder.ts';
export * from './tokenizer.ts';
export * from './tokenizer-json.ts';
export { vocabularyFromMetadata, type GgufVocabulary, type MetadataLookup } from './vocabulary.ts';
