// A chat request in OpenAI's words -> the engine's. Pure but for the seed of a request that has none.

import type { ChatMessage } from '@quern/spec';
import { asFields, checkNames, type Fields, type Refusal, readBoolean, refuse, show } from './fields.ts';
import {
  only,
  randomSeed,
  readAdapters,
  type ReadRequest,
  readMaxTokens,
  readSampling,
  readStop,
  readStream,
  readTopLogprobs,
  SHARED_NAMES,
  SHARED_REFUSALS,
} from './shared-request.ts';

const NAMES = [
  ...SHARED_NAMES,
  'messages',
  'max_completion_tokens',
  'top_logprobs',
  'metadata', // these three name the caller to a server; there is none, so they are ignored
  'safety_identifier',
  'prompt_cache_key',
];

const noTools = 'tools are not supported yet; leave it out.';
const noServer = 'that is a choice of a hosted service; this engine runs on this machine.';

const REFUSALS: Record<string, Refusal> = {
  ...SHARED_REFUSALS,
  tools: (value) => (Array.isArray(value) && value.length === 0 ? undefined : noTools),
  tool_choice: only('none', noTools),
  parallel_tool_calls: () => noTools,
  functions: () => noTools,
  function_call: only('none', noTools),
  response_format: (value) =>
    asFields(value, "'response_format'").type === 'text'
      ? undefined
      : "only { type: 'text' } is supported yet; ask for the format in the prompt.",
  modalities: (value) =>
    Array.isArray(value) && value.every((item) => item === 'text')
      ? undefined
      : "only ['text'] is supported; the model answers in text.",
  audio: () => 'the model answers in text.',
  prediction: () => 'predicted outputs are not supported; leave it out.',
  reasoning_effort: () => 'not supported yet; what the chat template offers can be said in the messages.',
  verbosity: () => 'not supported; ask for a length in the prompt.',
  web_search_options: () => 'there is no web search here.',
  store: only(false, 'nothing is stored here; leave it out or pass false.'),
  service_tier: only('auto', noServer),
  prompt_cache_retention: () => noServer,
  moderation: () => noServer,
};

/** Throws 'invalid-request', naming the parameter. */
export function readChatRequest(params: unknown, seed: () => number = randomSeed): ReadRequest {
  const fields = asFields(params, 'The chat request');
  checkNames(fields, NAMES, REFUSALS);
  return {
    request: {
      prompt: { kind: 'chat', messages: readMessages(fields.messages, 'messages') },
      sampling: readSampling(fields, seed),
      maxTokens: readLimit(fields),
      stop: readStop(fields),
      ignoreEos: readBoolean(fields, 'ignore_eos') ?? false,
      topLogprobs: readLogprobs(fields),
      adapters: readAdapters(fields),
    },
    ...readStream(fields),
  };
}

function readLimit(fields: Fields): number | undefined {
  const older = readMaxTokens(fields, 'max_tokens');
  const newer = readMaxTokens(fields, 'max_completion_tokens');
  if (older !== undefined && newer !== undefined && older !== newer) {
    refuse(`'max_tokens' (${older}) and 'max_completion_tokens' (${newer}) disagree; give one of them.`);
  }
  return newer ?? older;
}

function readLogprobs(fields: Fields): number | undefined {
  const wanted = readBoolean(fields, 'logprobs') ?? false;
  const top = readTopLogprobs(fields, 'top_logprobs');
  if (!wanted && top !== undefined && top > 0) refuse("'top_logprobs' needs `logprobs: true`.");
  return wanted ? (top ?? 0) : undefined;
}

/** `at`: what the list is called. Throws 'invalid-request', naming the message. */
export function readMessages(value: unknown, at: string): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0) {
    refuse(`'${at}' must be a list of at least one message, not ${show(value)}.`);
  }
  return value.map((item: unknown, index) => readMessage(item, `${at}[${index}]`));
}

const ROLES = ['system', 'developer', 'user', 'assistant'];

function readMessage(value: unknown, at: string): ChatMessage {
  const message = asFields(value, `'${at}'`);
  const { role } = message;
  if (role === 'tool' || role === 'function') refuse(`'${at}.role': ${noTools}`);
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    refuse(`'${at}.role' must be one of ${ROLES.join(', ')}, not ${show(role)}.`);
  }
  for (const name of Object.keys(message)) {
    if (name === 'role' || name === 'content' || name === 'name') continue;
    // An answer handed back as it came carries empty fields of these kinds.
    const empty = message[name] === null || message[name] === undefined;
    const emptyList = Array.isArray(message[name]) && message[name].length === 0;
    if (empty || emptyList) continue;
    if (name === 'tool_calls' || name === 'function_call') refuse(`'${at}.${name}': ${noTools}`);
    refuse(`Unknown field '${at}.${name}'. Known are: role, content, name.`);
  }
  const { name } = message;
  if (name !== undefined && typeof name !== 'string') {
    refuse(`'${at}.name' must be a text, not ${show(name)}.`);
  }
  const read: ChatMessage = {
    role: role === 'developer' ? 'system' : role,
    content: readContent(message.content, `${at}.content`),
  };
  return name === undefined ? read : { ...read, name };
}

function readContent(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) refuse(`'${at}' must be a text or a list of text parts, not ${show(value)}.`);
  return value
    .map((item: unknown, index) => {
      const part = asFields(item, `'${at}[${index}]'`);
      if (part.type !== 'text') {
        refuse(
          `'${at}[${index}]': parts of type ${show(part.type)} are not supported; the model takes text only.`,
        );
      }
      if (typeof part.text !== 'string')
        refuse(`'${at}[${index}].text' must be a text, not ${show(part.text)}.`);
      return part.text;
    })
    .join('');
}
