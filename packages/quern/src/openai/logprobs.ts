// Log-probabilities in OpenAI's two shapes.

import type { TokenInfo } from '@quern/spec';
import type { ChatLogprobs } from './chat-types.ts';
import type { CompletionLogprobs } from './completion-types.ts';

/** JSON has no -Infinity; OpenAI writes this for a token that cannot come. */
const NEVER = -9999;

const finite = (logprob: number): number => Math.max(logprob, NEVER);

/** The text of a token's bytes; undefined where they are no whole UTF-8. */
function wholeText(bytes: readonly number[]): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

function escaped(bytes: readonly number[]): string {
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

export function toChatLogprobs(tokens: readonly TokenInfo[]): ChatLogprobs {
  const shape = ({ bytes, logprob }: { bytes: number[]; logprob: number }) => ({
    token: wholeText(bytes) ?? escaped(bytes),
    logprob: finite(logprob),
    bytes,
  });
  return {
    content: tokens.map((token) => ({ ...shape(token), top_logprobs: token.top.map(shape) })),
    refusal: null,
  };
}

/** One per answer: it counts where each token starts in the text. */
export function completionLogprobs(): (tokens: readonly TokenInfo[]) => CompletionLogprobs {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const name = (bytes: readonly number[]) => wholeText(bytes) ?? `bytes:${escaped(bytes)}`;
  let offset = 0;
  return (tokens) => {
    const out: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    for (const token of tokens) {
      out.tokens.push(name(token.bytes));
      out.token_logprobs.push(finite(token.logprob));
      out.text_offset.push(offset);
      offset += decoder.decode(Uint8Array.from(token.bytes), { stream: true }).length;
      const top = new Map<string, number>();
      for (const { bytes, logprob } of token.top) {
        if (!top.has(name(bytes))) top.set(name(bytes), finite(logprob));
      }
      out.top_logprobs.push(Object.fromEntries(top));
    }
    return out;
  };
}
