// The bundles of the published package: private workspaces, their dependencies and the shaders inside, so
// that each file stands alone. Only `webgpu` (Node, native code) stays outside.

import { rm } from 'node:fs/promises';
import { build, defaultClientConditions, defaultServerConditions } from 'vite';
import { kernelsBuild } from './kernels-build.js';
import { PACKAGE } from './paths.js';
import { shaders } from './shaders.js';

/** Modules that the worker loads when they are needed -> where from, and who asks for them. */
const LATER = {
  folders: {
    entry: '../formats/src/folders.ts',
    askers: /\/formats\/src\/(open-model-file|adapter\/open-adapter)\.ts$/,
  },
  measure: { entry: '../engine/src/measure.ts', askers: /\/engine\/src\/load-measure\.ts$/ },
  'self-test': {
    entry: '../engine/src/self-test/self-test.ts',
    askers: /\/engine\/src\/self-test\/load-self-test\.ts$/,
  },
  templates: { entry: '../text/src/templates.ts', askers: /\/text\/src\/load-templates\.ts$/ },
  upkeep: { entry: '../store/src/upkeep/upkeep.ts', askers: /\/store\/src\/upkeep\/load-upkeep\.ts$/ },
};

/** Part of the package -> its entries, and where it runs. */
const PARTS = {
  page: { entries: { index: 'src/index.ts' }, platform: 'browser', library: true, minify: false },
  worker: { entries: { worker: 'src/worker/index.ts' }, platform: 'browser', minify: true, later: true },
  ...Object.fromEntries(
    Object.entries(LATER).map(([name, { entry }]) => [
      name,
      { entries: { [name]: entry }, platform: 'browser', library: true, minify: true },
    ]),
  ),
  node: { entries: { node: 'src/node/index.ts', cli: 'src/cli/index.ts' }, platform: 'node', minify: false },
};

/** The chunks that `part` makes beside its entries; the rest of dist belongs to others. */
const SHARED = 'node-shared';

/** Builds one part into `outDir`, and nothing else there is touched. */
export async function bundle(part, outDir) {
  const { entries, platform, library, minify, later } = PARTS[part];
  if (later) for (const name of Object.keys(LATER)) await bundle(name, outDir);
  const conditions = platform === 'node' ? defaultServerConditions : defaultClientConditions;
  if (part === 'node') await rm(`${outDir}/${SHARED}`, { recursive: true, force: true });
  await build({
    configFile: false,
    define: kernelsBuild(),
    root: PACKAGE,
    logLevel: 'warn',
    publicDir: false,
    plugins: [shaders(), ownWorker(), ...(later ? Object.keys(LATER).map(ownLater) : [])],
    resolve: { conditions: ['quern-source', ...conditions] },
    ssr: { resolve: { conditions: ['quern-source', ...conditions] }, noExternal: true, external: ['webgpu'] },
    build: {
      ssr: platform === 'node',
      target: 'es2023',
      outDir,
      emptyOutDir: false,
      minify: minify ? 'oxc' : false,
      sourcemap: false,
      modulePreload: false,
      // A library keeps its exports, and the spaces that bundlers' annotations need; the worker needs neither.
      ...(library ? { lib: { entry: entriesOf(entries), formats: ['es'] } } : {}),
      rolldownOptions: {
        ...(library ? {} : { input: entriesOf(entries) }),
        ...(platform === 'node' ? { platform } : {}),
        external: ['webgpu', /^node:/],
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          chunkFileNames: `${SHARED}/[name].js`,
          codeSplitting: platform === 'node',
          // Docs are in the types. Licences stay, and the annotations that bundlers read.
          comments: { jsdoc: false },
        },
      },
    },
  });
}

function entriesOf(entries) {
  return Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, `${PACKAGE}/${path}`]));
}

const SOURCE_FORM =
  /new Worker\(new URL\('\.\.\/worker\/index\.ts', import\.meta\.url\), \{ type: 'module' \}\)/g;
const MARK = '__quernNewWorker__()';
const PACKAGE_FORM = `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`;

/**
 * The page's bundle must not hold the worker but name it, in the very form that the bundlers of those who
 * use the package look for. So the form is hidden from this build, and written out when all is done.
 */
function ownWorker() {
  return {
    name: 'quern-own-worker',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/client/start-worker.ts')) return undefined;
      const changed = code.replace(SOURCE_FORM, MARK);
      if (changed === code) this.error("the worker's constructor is not written as the build expects");
      return { code: changed, map: null };
    },
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type !== 'chunk') continue;
        file.code = file.code
          .replaceAll(MARK, PACKAGE_FORM)
          // wesl writes this comment into shaders; dev servers would look for a source map of ours.
          .replaceAll('//# sourceMappingURL=', '//# source\\x4dappingURL=');
      }
    },
  };
}

/**
 * The worker names a module that it loads later as the page names the worker: by its URL, which bundlers copy as
 * a file. A plain import() would make them split the worker, and what Vite makes of workers by default cannot be.
 */
function ownLater(name) {
  const mark = `__quernLater_${name.replaceAll('-', '_')}()`;
  const form = `import(/* @vite-ignore */ /* webpackIgnore: true */ new URL('./${name}.js', import.meta.url).href)`;
  return {
    name: `quern-own-${name}`,
    enforce: 'pre',
    transform(code, id) {
      if (!LATER[name].askers.test(id)) return undefined;
      const changed = code.replace(new RegExp(`import\\('\\.{1,2}/${name}\\.ts'\\)`, 'g'), mark);
      if (changed === code) this.error(`${name}.ts is not imported as the build expects`);
      return { code: changed, map: null };
    },
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type === 'chunk') file.code = file.code.replaceAll(mark, form);
      }
    },
  };
}
