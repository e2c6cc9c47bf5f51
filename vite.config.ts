// Vite for the pages (their root is demo/), Vitest for the tests (their root is this folder).
import { join } from 'node:path';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { MODELS, ROOT } from './scripts/setup/paths.js';
import { kernelsBuild } from './scripts/build/kernels-build.js';
import { quernServer } from './scripts/serve/plugin.ts';

const DIST = join(ROOT, 'demo', 'dist');
const OUT_OF_TESTS = ['**/node_modules/**', '**/dist/**', '**/.cache/**'];

/** Tests that hold a GPU device: one file at a time, because each Dawn takes every core it finds. */
function gpuTests(name: string, include: string[], exclude: string[] = []) {
  return {
    define: kernelsBuild(),
    test: {
      name,
      include,
      exclude: [...OUT_OF_TESTS, ...exclude],
      // Dawn is native code: a process each, so that one that dies takes no other test with it.
      pool: 'forks' as const,
      fileParallelism: false,
      maxWorkers: 1,
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  };
}

export default defineConfig({
  define: kernelsBuild(),
  root: process.env.VITEST ? ROOT : join(ROOT, 'demo'),
  appType: 'mpa',
  publicDir: process.env.VITEST ? false : join(ROOT, 'demo', 'public'),
  cacheDir: join(ROOT, '.cache', 'vite'),
  plugins: [
    quernServer({ models: MODELS, root: ROOT }),
    // Tests build no page, and its plugin is not small.
    process.env.VITEST ? [] : import('./scripts/serve/offline.ts').then(({ offlinePages }) => offlinePages()),
  ],
  server: { host: '127.0.0.1', port: 5219, strictPort: true },
  preview: { host: '127.0.0.1', port: 5219, strictPort: true },
  // The workspace is used from its sources; the published package has no such condition to match.
  resolve: { conditions: ['quern-source', ...defaultClientConditions] },
  ssr: { resolve: { conditions: ['quern-source', ...defaultServerConditions] } },
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: DIST,
    emptyOutDir: true,
    // A strict CSP refuses data: modules and styles, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Transformers.js is large by nature and loads only when asked for.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: ['chat', 'bench'].map((page) => join(ROOT, 'demo', page, 'index.html')),
    },
  },
  test: {
    projects: [
      {
        define: kernelsBuild(),
        test: {
          name: 'unit',
          include: ['**/*.test.ts', 'scripts/**/*.test.js'],
          exclude: [...OUT_OF_TESTS, '**/*.gpu.test.ts'],
          // Some move 20 MB over a socket, beside whatever else the machine does.
          testTimeout: 30_000,
        },
      },
      gpuTests('gpu', ['**/*.gpu.test.ts'], ['**/*.{slow,soak}.gpu.test.ts']),
      gpuTests('slow', ['**/*.slow.gpu.test.ts']),
      gpuTests('soak', ['**/*.soak.gpu.test.ts']),
    ],
  },
});
