// Ids -> text while they are generated. Holds back what is not text yet: bytes of an unfinished character,
// and any ending that could still become a stop string.
//
// A space that SentencePiece's first token carries stays, as in llama.cpp's generated text: the tokens
// continue a prompt, so that space is part of the answer.

import { QuernError } from '@quern/spec';

export interface StreamDecoderOptions {
  bytesOf: (id: number) => Uint8Array;
  /** Texts that end the stream; none may be empty. */
  stop: readonly string[];
}

export interface DecodedStep {
  /** Text that is certain now; may be empty. */
  text: string;
  /** The stop string that was met: no text comes any more. */
  stopped?: string;
}

export interface StreamDecoder {
  push(id: number): DecodedStep;
  /** Ends the stream: the text still held back, with U+FFFD for an unfinished character. */
  flush(): string;
}

/**
 * The stop string that is complete first counts (of two that end together, the longer), so the result does
 * not depend on how the text is cut into tokens. Throws QuernError 'invalid-request' for an empty stop string.
 */
export function createStreamDecoder({ bytesOf, stop }: StreamDecoderOptions): StreamDecoder {
  if (stop.includes(''))
    throw new QuernError('invalid-request', 'a stop string is empty; give at least one character');
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  let stopped: string | undefined;

  const advance = (text: string, atEnd: boolean): DecodedStep => {
    held += text;
    const met = firstStop(held, stop);
    if (met) {
      stopped = met.text;
      const out = held.slice(0, met.start);
      held = '';
      return { text: out, stopped };
    }
    const keep = atEnd ? 0 : openEnding(held, stop);
    const out = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { text: out };
  };

  return {
    push(id) {
      if (stopped !== undefined) return { text: '', stopped };
      return advance(decoder.decode(bytesOf(id), { stream: true }), false);
    },
    flush() {
      return stopped === undefined ? advance(decoder.decode(), true).text : '';
    },
  };
}

function firstStop(text: string, stops: readonly string[]): { start: number; text: string } | undefined {
  const met = stops
    .map((stop) => ({ start: text.indexOf(stop), text: stop }))
    .filter(({ start }) => start >= 0)
    .map((found) => ({ ...found, end: found.start + found.text.length }));
  return met.sort((a, b) => a.end - b.end || a.start - b.start)[0];
}

/** Length of the longest ending of `text` that begins some stop string. */
function openEnding(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
