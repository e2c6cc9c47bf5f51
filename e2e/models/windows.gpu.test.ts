// Windows that hand pages back, where no layer sees all; mixed layers: windows.slow.gpu.test.ts.
import { describe } from 'vitest';
import { caseFolder } from './case.ts';
import { LOCAL, windowTests } from './windows.ts';

describe('Mistral with a window', () =>
  windowTests('arch-mistral-swa', () => caseFolder('arch-mistral-swa'), [{ ...LOCAL, layers: 2 }]));
