// SentencePiece vocabularies in GGUF carry a score per token and no merges. The neighbours whose joined
// text is the token of the best score are joined first, the leftmost on a tie, until none are left; what is
// no token falls back to bytes. After llama.cpp's SPM session and SentencePiece's own bpe_model.cc.

import { indexTokens } from './special-tokens.ts';
import { createMergeQueue } from './merge-queue.ts';

const encoder = new TextEncoder();

/**
 * `encode(text, out)` appends the ids of `text`, in which spaces are already U+2581.
 * A character without token and without byte tokens becomes `unkId`, or nothing where there is none.
 */
export function createScoreEncoder(
  tokens: readonly string[],
  scores: ArrayLike<number>,
  unkId: number | undefined,
): (text: string, out: number[]) => void {
  const idOf = indexTokens(tokens);
  const longest = tokens.reduce((length, token) => Math.max(length, token.length), 0);
  const byteIds = Array.from({ length: 256 }, (_, byte) =>
    idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );

  return (text, out) => {
    // Symbol i is text[starts[i], ends[i]); ends[i] === starts[i] once it was joined to its left.
    const starts = characterStarts(text);
    const count = starts.length;
    const ends = new Int32Array(count);
    const previous = new Int32Array(count);
    const next = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      ends[i] = i + 1 < count ? starts[i + 1]! : text.length;
      previous[i] = i - 1;
      next[i] = i + 1 < count ? i + 1 : -1;
    }
    const queue = createMergeQueue();
    const offer = (left: number, right: number): void => {
      if (left < 0 || right < 0) return;
      const start = starts[left]!;
      const end = ends[right]!;
      if (end - start > longest) return;
      const id = idOf.get(text.slice(start, end));
      if (id !== undefined) queue.push(scores[id] ?? 0, left, right, end - start);
    };
    for (let i = 1; i < count; i++) offer(i - 1, i);
    while (queue.pop()) {
      const { left, right, length } = queue.top;
      // Stale where either side has been joined with another since.
      if (ends[left] === starts[left] || ends[right] === starts[right]) continue;
      if (ends[right]! - starts[left]! !== length || next[left] !== right) continue;
      ends[left] = ends[right]!;
      ends[right] = starts[right]!;
      const after = next[right]!;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      offer(previous[left]!, left);
      offer(left, after);
    }
    for (let i = count > 0 ? 0 : -1; i >= 0; i = next[i]!) {
      const piece = text.slice(starts[i], ends[i]);
      const id = idOf.get(piece);
      if (id !== undefined) out.push(id);
      else pushBytes(piece, byteIds, unkId, out);
    }
  };
}

function characterStarts(text: string): Int32Array {
  const starts = new Int32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts[count++] = at;
  return starts.subarray(0, count);
}

function pushBytes(
  piece: string,
  byteIds: ReadonlyArray<number | undefined>,
  unkId: number | undefined,
  out: number[],
): void {
  const ids = Array.from(encoder.encode(piece), (byte) => byteIds[byte]);
  if (ids.every((id) => id !== undefined)) out.push(...(ids as number[]));
  else if (unkId !== undefined) out.push(unkId);
}
