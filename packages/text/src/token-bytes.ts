// The raw bytes that a token stands for, from the three ways in which vocabularies spell them:
// GPT-2's byte alphabet, SentencePiece's U+2581 for a space, and <0xNN> for a single byte.

import { TOKEN_BYTE, TOKEN_CONTROL, TOKEN_NORMAL, TOKEN_UNKNOWN, TOKEN_USER_DEFINED } from './vocabulary.ts';

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/** Decodes whole texts; invalid bytes become U+FFFD, a leading U+FEFF stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * GPT-2's alphabet: bytes that print in Latin-1 stand for themselves, the other 68 take U+0100 and on, in
 * order (openai/gpt-2, encoder.py, bytes_to_unicode).
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const prints = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    map.set(String.fromCodePoint(prints ? byte : next++), byte);
  }
  return map;
})();

/** Bytes of a token in GPT-2's alphabet; characters outside it stand for their own UTF-8. */
export function byteLevelBytes(token: string): Uint8Array {
  const out: number[] = [];
  for (const character of token) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) out.push(...encoder.encode(character));
    else out.push(byte);
  }
  return Uint8Array.from(out);
}

/** The byte that `<0xNN>` names, or undefined. */
export function fallbackByte(token: string): number | undefined {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}

/** `id -> bytes`; special and user-defined tokens stand for their own text. Ids outside give nothing. */
export function createTokenBytes(
  tokens: readonly string[],
  types: Uint8Array,
  spelling: 'byte-level' | 'sentencepiece',
): (id: number) => Uint8Array {
  return (id) => {
    const token = tokens[id];
    if (token === undefined) return NOTHING;
    switch (types[id]) {
      case TOKEN_BYTE: {
        const byte = fallbackByte(token);
        return byte === undefined ? NOTHING : Uint8Array.of(byte);
      }
      case TOKEN_NORMAL:
        return spelling === 'byte-level'
          ? byteLevelBytes(token)
          : encoder.encode(token.replaceAll('\u2581', ' '));
      case TOKEN_CONTROL:
      case TOKEN_UNKNOWN:
      case TOKEN_USER_DEFINED:
        return encoder.encode(token);
      default:
        return NOTHING;
    }
  };
}
