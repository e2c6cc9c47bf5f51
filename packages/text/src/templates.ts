// What models with a chat template need and others do not: a module that the worker loads later, as it is large.
export { createChatTemplate } from './chat-template.ts';
