import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { takePulse } from './pulse.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What a pulse did over some ticks, as words. */
function pulseOf(needed: () => boolean = () => true) {
  const log: string[] = [];
  const ask = () => {
    const asks = needed();
    if (asks) log.push('ask');
    return asks;
  };
  const pulse = takePulse({ ask, onSilence: () => log.push('silence'), everyMs: 10 });
  const ticks = (count: number) => {
    vi.advanceTimersByTime(10 * count);
    return log.splice(0);
  };
  return { pulse, ticks };
}

it('asks, and tells of silence after two asks without an answer, then begins anew', () => {
  const { pulse, ticks } = pulseOf();
  expect(ticks(3)).toEqual(['ask', 'ask', 'silence']);
  expect(ticks(2)).toEqual(['ask', 'ask']);
  pulse.heard();
  expect(ticks(2)).toEqual(['ask', 'ask']);
  pulse.heard();
  pulse.stop();
  expect(ticks(9)).toEqual([]);
});

it('counts nothing while nobody needs to be asked', () => {
  let needed = true;
  const { ticks } = pulseOf(() => needed);
  expect(ticks(1)).toEqual(['ask']);
  needed = false;
  expect(ticks(5)).toEqual([]);
  needed = true;
  expect(ticks(2)).toEqual(['ask', 'ask']);
});

it('judges nobody from a tab that is not seen, nor right after', () => {
  const { ticks } = pulseOf();
  expect(ticks(2)).toEqual(['ask', 'ask']);
  vi.stubGlobal('document', { visibilityState: 'hidden' });
  expect(ticks(5)).toEqual([]);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  expect(ticks(2)).toEqual(['ask', 'ask']);
});
