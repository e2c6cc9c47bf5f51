// Windows that hand pages back, beside layers that see all.
import { describe } from 'vitest';
import { caseSource } from './case.ts';
import { CONTEXT, LOCAL, windowTests } from './windows.ts';

const all = { reach: 'all', tokens: CONTEXT } as const;

describe('Gemma 3, every sixth layer sees all', () =>
  windowTests('arch-gemma3', () => [caseSource('arch-gemma3')], [
    { ...LOCAL, layers: 6 },
    { ...all, layers: 1 },
  ]));

describe('Gemma 2, every other layer sees all', () =>
  windowTests('arch-gemma2', () => [caseSource('arch-gemma2')], [
    { ...LOCAL, layers: 2 },
    { ...all, layers: 2 },
  ]));

describe('LFM2, whose convolutions are a window of three tokens', () =>
  windowTests('arch-lfm2', () => [caseSource('arch-lfm2')], [
    { reach: 'window', reachTokens: 3, layers: 3 },
    { reach: 'all', layers: 1 },
  ]));
