import { describe, expect, it } from 'vitest';

import { createStreamDecoder } from './stream-decoder.ts';

const encoder = new TextEncoder();

/** Runs byte pieces through a decoder, the index of a piece as its id. */
function run(
  pieces: readonly Uint8Array[],
  stop: string[] = [],
): { text: string; stopped?: string; steps: string[] } {
  const decoder = createStreamDecoder({ bytesOf: (id) => pieces[id]!, stop });
  const steps: string[] = [];
  for (let id = 0; id < pieces.length; id++) {
    const step = decoder.push(id);
    steps.push(step.text);
    if (step.stopped !== undefined) return { text: steps.join(''), stopped: step.stopped, steps };
  }
  steps.push(decoder.flush());
  return { text: steps.join(''), steps };
}

const texts = (...pieces: string[]): Uint8Array[] => pieces.map((piece) => encoder.encode(piece));

/** A small seeded generator (mulberry32), so a failure can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function cutRandomly(bytes: Uint8Array, next: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Math.floor(next() * 6);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

describe('createStreamDecoder', () => {
  it('gives the whole text for random texts cut at random bytes', () => {
    const alphabet = [...'ab \n\u00e9\u00df\u65e5\u672c\ufeff\u200d\ud83d\ude42\ud83d\udc68\ud83c\uddeb'];
    for (let seed = 0; seed < 300; seed++) {
      const next = random(seed);
      const text = Array.from({ length: 40 }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(encoder.encode(text));
      expect(run(cutRandomly(encoder.encode(text), next)).text, `seed ${seed}`).toBe(whole);
    }
  });

  it('replaces invalid bytes as one TextDecoder over all bytes would', () => {
    for (let seed = 0; seed < 300; seed++) {
      const next = random(seed);
      const pool = [0x41, 0x80, 0xbf, 0xc3, 0xe2, 0x81, 0xf0, 0x9f, 0x99, 0x82, 0xff, 0xed, 0xa0];
      const bytes = Uint8Array.from({ length: 24 }, () => pool[Math.floor(next() * pool.length)]!);
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      expect(run(cutRandomly(bytes, next)).text, `seed ${seed}`).toBe(whole);
    }
  });

  it('holds an emoji back until its last byte, at every split point', () => {
    const bytes = encoder.encode('\ud83d\ude42');
    for (let at = 1; at < bytes.length; at++) {
      const { steps } = run([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(steps).toEqual(['', '\ud83d\ude42', '']);
    }
  });

  it('ends an unfinished character with U+FFFD only at the flush', () => {
    expect(run([encoder.encode('a'), Uint8Array.of(0xf0, 0x9f)]).steps).toEqual(['a', '', '\ufffd']);
  });

  it('keeps the leading space of the first token', () => {
    expect(run(texts(' Paris', '.')).text).toBe(' Paris.');
  });

  it('stops before a stop string that spans tokens and holds its start back', () => {
    const { steps, stopped } = run(texts('one', ' EN', 'D', ' two'), [' END']);
    expect(steps).toEqual(['one', '', '']);
    expect(stopped).toBe(' END');
  });

  it('lets held text go once it can be no stop string', () => {
    expect(run(texts('a\n', '\n', 'b', '\nUs', 'e'), ['\nUser:', '\n\n\n']).steps).toEqual([
      'a',
      '',
      '\n\nb',
      '',
      '',
      '\nUse',
    ]);
  });

  it('finds a stop string at the very end and inside one token', () => {
    expect(run(texts('abc</s>'), ['</s>'])).toMatchObject({ text: 'abc', stopped: '</s>' });
    expect(run(texts('abc', '</', 's>'), ['</s>'])).toMatchObject({ text: 'abc', stopped: '</s>' });
    expect(run(texts('abc', '</', 's'), ['</s>'])).toMatchObject({ text: 'abc</s' });
  });

  it('finds stop strings that overlap themselves and one another', () => {
    expect(run(texts('aa', 'a', 'ab'), ['aab'])).toMatchObject({ text: 'aa', stopped: 'aab' });
    expect(run(texts('xabc'), ['abc', 'b'])).toMatchObject({ text: 'xa', stopped: 'b' });
    expect(run(texts('xab'), ['b', 'ab'])).toMatchObject({ text: 'x', stopped: 'ab' });
  });

  it('gives the same text and stop wherever the text is cut', () => {
    const stops = ['ab', 'bba', 'aaba', '\u00e9a'];
    for (let seed = 0; seed < 500; seed++) {
      const next = random(seed);
      const text = Array.from({ length: 12 }, () => 'aab\u00e9c'[Math.floor(next() * 5)]).join('');
      const bytes = encoder.encode(text);
      const whole = run([bytes], stops);
      const cut = run(cutRandomly(bytes, next), stops);
      expect([cut.text, cut.stopped], `seed ${seed}: ${text}`).toEqual([whole.text, whole.stopped]);
      if (whole.stopped === undefined) expect(stops.some((stop) => text.includes(stop))).toBe(false);
      else expect(text.startsWith(whole.text + whole.stopped)).toBe(true);
    }
  });

  it('gives nothing more after a stop', () => {
    const decoder = createStreamDecoder({ bytesOf: () => encoder.encode('x!y'), stop: ['!'] });
    expect(decoder.push(0)).toEqual({ text: 'x', stopped: '!' });
    expect(decoder.push(0)).toEqual({ text: '', stopped: '!' });
    expect(decoder.flush()).toBe('');
  });

  it('refuses an empty stop string', () => {
    expect(() => createStreamDecoder({ bytesOf: () => encoder.encode(''), stop: [''] })).toThrow(
      expect.objectContaining({ code: 'invalid-request' }),
    );
  });
});
