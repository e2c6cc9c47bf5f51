// Prompts computed under the load: windows, latent rows, convolutions, experts that come before all else.

import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import { expect, test } from 'vitest';
import { caseSource } from './case.ts';
import { checkEarly } from './check-early.ts';
import { bytesOf, gated } from './gated-source.ts';

test.each(['arch-llama', 'arch-gemma2', 'arch-deepseek3', 'arch-lfm2', 'arch-gpt-oss'])('%s', (name) =>
  checkEarly(name),
);

test('a prompt that is too long is refused before the weights have come', async () => {
  const bytes = await bytesOf(caseSource('arch-llama'));
  const source = gated(bytes, bytes.length - 100_000);
  const prompt = { kind: 'ids', ids: Array<number>(65).fill(1) } as const;
  const options = { sources: [source], gpu: await openDawn(), contextLength: 64, prompt };
  await expect(loadEngine(options)).rejects.toMatchObject({ code: 'context-overflow' });
});
