// From a rendered chat to ids.

import type { Tokenizer } from './tokenizer.ts';

/**
 * Ids of a rendered chat: special tokens are matched, and BOS is put first where the model wants one and the
 * template has not written it. EOS is never added: the turn goes on.
 */
export function encodeChat(tokenizer: Tokenizer, rendered: string): number[] {
  const ids = tokenizer.encode(rendered, { addSpecial: false, parseSpecial: true });
  const { addBos, bosId } = tokenizer;
  return addBos && bosId !== undefined && ids[0] !== bosId ? [bosId, ...ids] : ids;
}
