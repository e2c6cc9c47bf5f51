// The packed package in a browser against the outside oracles: one case for each family of kernels. The logits
// themselves are compared without a browser (e2e/models); here the likeliest tokens of every step.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup/paths.js';
import { expect, test } from '../browser/fixtures.ts';
import { readCase } from '../models/case.ts';
import { CORS, serveFiles, type FileServer } from '../servers/files.ts';
import { installPacked, type Project } from './pack.ts';

/** Case -> what of it no other one here has. */
const CASES = {
  'quant-q4_k': 'packed scales',
  'quant-iq2_xs': 'a codebook',
  'arch-gemma2': 'soft caps, windows',
  'arch-mixtral': 'a mixture of experts',
  'arch-gpt-oss': 'sinks, MXFP4 experts',
  'arch-deepseek2-lite': 'latent attention',
};
const BEST = 5;

let project: Project;
let dist: FileServer;

test.beforeAll(async () => {
  test.setTimeout(240_000);
  project = await installPacked();
  dist = await serveFiles(join(project.package, 'dist'), CORS);
});
test.afterAll(async () => {
  await dist?.close();
  await project?.remove();
});

for (const [name, what] of Object.entries(CASES)) {
  test(`${name}: ${what}`, async ({ page }) => {
    const { promptIds, greedyIds, steps, logits, minTop1Margin } = readCase(name);
    const model = await readFile(join(ROOT, 'e2e', 'conformance', name, 'model.gguf'));
    const server = await serveFiles(
      new Map<string, Uint8Array>([
        ['/index.html', new Uint8Array(Buffer.from('<!doctype html>'))],
        ['/model.gguf', model],
      ]),
    );
    try {
      await page.goto(`${server.url}/`);
      const chosen = await page.evaluate(
        async ({ library, prompt, tokens, best }) => {
          const { createEngine } = (await import(library)) as typeof import('quern');
          const engine = await createEngine({ model: new URL('/model.gguf', location.href).href, kv: 'f32' });
          const { choices } = await engine.completions.create({
            prompt,
            max_tokens: tokens,
            temperature: 0,
            logprobs: best,
            ignore_eos: true,
          });
          await engine.unload();
          return choices[0]?.logprobs?.top_logprobs.map((top) => Object.values(top));
        },
        { library: `${dist.url}/index.js`, prompt: promptIds, tokens: greedyIds.length, best: BEST },
      );
      expect(chosen).toHaveLength(greedyIds.length);
      // A near tie may send the answer another way than the reference's.
      expect(minTop1Margin).toBeGreaterThan(1e-3);
      for (const [row, step] of steps.entries()) {
        const expected = bestLogprobs(logits[row]!);
        const actual = chosen![step]!.toSorted((a, b) => b - a);
        actual.forEach((value, i) =>
          expect(Math.abs(value - expected[i]!), `step ${step}`).toBeLessThan(5e-3),
        );
      }
    } finally {
      await server.close();
    }
  });
}

/** The largest log-probabilities that a row of logits gives. */
function bestLogprobs(row: Float32Array): number[] {
  const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top;
  return [...row]
    .sort((a, b) => b - a)
    .slice(0, BEST)
    .map((value) => value - total);
}
