// Prompts computed under the load: windows, latent rows, convolutions, experts that come before all else.

import { test } from 'vitest';
import { checkEarly } from './check-early.ts';

test.each(['arch-gemma2', 'arch-deepseek3', 'arch-lfm2', 'arch-gpt-oss'])('%s', (name) => checkEarly(name));
