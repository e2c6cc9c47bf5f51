// `npm run build:bench`: the figures of e2e/figures as one file that needs Node and the package `webgpu` and nothing else,
// for machines with a GPU and no registry in reach. It lies in .cache/bench.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, defaultServerConditions } from 'vite';
import { shaders } from '../build/shaders.js';
import { ROOT } from '../setup/paths.js';

const OUT = join(ROOT, '.cache', 'bench');
export const BENCH = join(OUT, 'bench.mjs');

const FIGURES = join(ROOT, 'e2e', 'figures');

export async function buildBench() {
  await mkdir(OUT, { recursive: true });
  const conditions = ['quern-source', ...defaultServerConditions];
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    plugins: [shaders()],
    resolve: { conditions, alias: { vitest: join(FIGURES, 'suite-runner.ts') } },
    ssr: { resolve: { conditions }, noExternal: true, external: ['webgpu'] },
    build: {
      ssr: join(FIGURES, 'main.ts'),
      target: 'es2023',
      outDir: OUT,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        platform: 'node',
        external: ['webgpu', /^node:/],
        output: { format: 'es', entryFileNames: 'bench.mjs', codeSplitting: false },
      },
    },
  });
  return BENCH;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildBench());
