// The rules of the house, each with its reason in the message of its failure. A rule that stands in the way is
// changed here and in CONTRIBUTING.md together, never worked around.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dtypeByName } from '@quern/dtypes';
import { QUANTS } from '@quern/kernels';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Floor of each room. Imports go to lower floors only; the one within a floor is named below. */
const FLOORS: Readonly<Record<string, number>> = {
  'packages/spec': 0,
  'packages/dtypes': 0,
  'packages/formats': 1,
  'packages/text': 1,
  'packages/store': 1,
  'packages/gpu': 1,
  kernels: 2,
  'packages/models': 3,
  'packages/engine': 4,
  'packages/quern': 5,
  demo: 6,
  e2e: 6,
};
/** dtypes throws QuernErrors. */
const WITHIN_A_FLOOR = new Set(['packages/dtypes -> packages/spec']);

const LINES = { code: 400, wgsl: 200, readme: 40 };
/** Tables copied from a specification: long because the specification is. */
const DATA_TABLE = /-(grids|tables)\.ts$/;

interface Manifest {
  name: string;
  private?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const SKIPPED = new Set(['node_modules', 'dist', '.cache', 'test-results', 'conformance']);

function walk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifestOf = (room: string): Manifest => JSON.parse(text(join(room, 'package.json')));
const names = (list: Record<string, string> | undefined) => Object.keys(list ?? {});
const lines = (path: string) => text(path).replace(/\n$/, '').split('\n').length;

const rooms = Object.keys(FLOORS);
const roomOf = (path: string) => rooms.find((room) => path.startsWith(`${room}/`))!;
const manifests = new Map(rooms.map((room) => [room, manifestOf(room)]));
const roomByPackage = new Map(rooms.map((room) => [manifests.get(room)!.name, room]));
const files = rooms.flatMap(walk);
const code = files.filter((path) => /\.(ts|js)$/.test(path));
const rootPackages = names(manifestOf('.').devDependencies);

/** Tests, what only tests import, and all of e2e. */
function forTests(path: string): boolean {
  return /\.(test|spec|suite)\.ts$|\/testing\//.test(path) || path.startsWith('e2e/');
}

/** Without comments and templates; with `strings` false also without what stands in quotes. */
function strip(source: string, strings: boolean): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return source.replace(token, (match) => {
    if (match.startsWith('/')) return '';
    // What a template computes is code; the rest of it is text of whatever kind.
    if (match.startsWith('`')) return (match.match(/\$\{[^}]*\}/g) ?? []).join(' ');
    return strings ? match : "''";
  });
}

/** What a source imports, static and dynamic, as written. */
function importsOf(source: string): string[] {
  const stripped = strip(source, true);
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...stripped.matchAll(pattern)].map((match) => match[1]!));
}

/** '@quern/gpu/testing' -> '@quern/gpu'; undefined for paths and Node's own modules. */
function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:|virtual:)/.test(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const imports = new Map(code.map((path) => [path, importsOf(text(path))]));

/** Packages that the chosen files of a room import, without the room itself. */
function imported(room: string, choose: (path: string) => boolean): Set<string> {
  const own = manifests.get(room)!.name;
  const found = code
    .filter((path) => roomOf(path) === room && choose(path))
    .flatMap((path) => imports.get(path)!.map(packageOf));
  return new Set(found.filter((name): name is string => name !== undefined && name !== own));
}

/** Every place where `pattern` matches code outside `allowed`, as 'file:line: the line'. */
function uses(pattern: RegExp, allowed: (path: string) => boolean): string[] {
  return code
    .filter((path) => !forTests(path) && !allowed(path))
    .flatMap((path) =>
      strip(
        text(path).replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')),
        false,
      )
        .split('\n')
        .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}

const within =
  (...places: string[]) =>
  (path: string) =>
    places.some((place) => path === place || path.startsWith(`${place}/`));

/** A global by its bare name: not a member, not the key of an object or type. */
const bare = (...words: string[]) => new RegExp(`(?<![.\\w$'])(${words.join('|')})\\b(?!\\??\\s*:)`);

function expectNone(violations: readonly string[], reason: string): void {
  expect(violations, `${reason}\n${violations.join('\n')}`).toEqual([]);
}

describe('imports', () => {
  test('every folder of the workspace has its floor', () => {
    const folders = readdirSync(join(ROOT, 'packages'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `packages/${entry.name}`);
    expectNone(
      folders.filter((folder) => !(folder in FLOORS)),
      'A new room stands on a floor: name it in FLOORS, so that its imports are held to it.',
    );
  });

  test('point downwards only', () => {
    const violations = code.flatMap((path) =>
      imports.get(path)!.flatMap((specifier) => {
        const from = roomOf(path);
        const to = roomByPackage.get(packageOf(specifier) ?? '');
        if (to === undefined || to === from || FLOORS[to]! < FLOORS[from]!) return [];
        return WITHIN_A_FLOOR.has(`${from} -> ${to}`) ? [] : [`${path} imports ${specifier}`];
      }),
    );
    // e2e looks at the house from outside: at demo too.
    expectNone(
      violations.filter((violation) => !violation.startsWith('e2e/')),
      'A room knows only the floors below it, and no neighbour: else a change at the top breaks the bottom, and ' +
        'nothing can be tested or replaced alone.',
    );
  });

  test('reach other rooms by package name', () => {
    const violations = code.flatMap((path) =>
      imports.get(path)!.flatMap((specifier) => {
        if (!specifier.startsWith('.')) return [];
        const target = posix.join(posix.dirname(path), specifier.replace(/\?.*$/, ''));
        const to = roomOf(`${target}/`);
        return to !== undefined && to !== roomOf(path) ? [`${path} imports ${specifier}`] : [];
      }),
    );
    expectNone(
      violations,
      'A path into another room goes round its package.json, which says what the room offers.',
    );
  });

  test.each(rooms)('%s/package.json lists exactly what its sources import', (room) => {
    const manifest = manifests.get(room)!;
    const used = imported(room, (path) => !forTests(path));
    const peers = names(manifest.peerDependencies);
    const runtime = [...names(manifest.dependencies), ...peers];
    // The published package carries what it imports in its bundle, so that its user installs none of it.
    const declared = new Set(manifest.private ? runtime : [...runtime, ...names(manifest.devDependencies)]);
    const forTest = imported(room, forTests);
    const missing = [...used].filter((name) => !declared.has(name));
    const bundledPeers = manifest.private
      ? []
      : [...used].flatMap((name) => names(manifests.get(roomByPackage.get(name) ?? '')?.peerDependencies));
    const extra = [...declared].filter(
      (name) =>
        !used.has(name) &&
        !bundledPeers.includes(name) &&
        !((room === 'e2e' || !manifest.private) && forTest.has(name)),
    );
    const undeclared = [...forTest].filter(
      (name) => !declared.has(name) && ![...names(manifest.devDependencies), ...rootPackages].includes(name),
    );
    expectNone(
      [
        ...missing.map((name) => `${name} is imported and not listed`),
        ...extra.map((name) => `${name} is listed and not imported`),
        ...undeclared.map((name) => `${name} is imported by tests and in no devDependencies`),
      ],
      'An import that is not listed works only as long as another room happens to bring it; a listed one that ' +
        'nobody imports is installed for nothing.',
    );
  });

  test('are found by this test', () => {
    const source = [
      "import { a,\n  b } from 'one';",
      "import 'two';",
      "export * from './three.ts';",
      "const c = await import('@four/five/six');",
      "// import { d } from 'seven';",
      "/* import 'eight'; */ const e = \"import 'nine'\";",
    ].join('\n');
    expect(importsOf(source).toSorted()).toEqual(['./three.ts', '@four/five/six', 'one', 'two']);
    expect(['@four/five/six', 'one/two', './three.ts', 'node:fs'].map(packageOf)).toEqual([
      '@four/five',
      'one',
      undefined,
      undefined,
    ]);
  });
});

describe('kernels', () => {
  const SHARED = new Set(['lib', 'quant', 'testing']);
  const folders = readdirSync(join(ROOT, 'kernels'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name) && !SHARED.has(entry.name))
    .map((entry) => entry.name);

  test.each(folders)('%s has its op, shader, twin and test', (name) => {
    const present = readdirSync(join(ROOT, 'kernels', name));
    const missing = [`${name}.ts`, `${name}.ref.ts`].filter((file) => !present.includes(file));
    if (!present.some((file) => file.endsWith('.wgsl'))) missing.push('a .wgsl file');
    if (!present.some((file) => file.endsWith('.gpu.test.ts'))) missing.push('a .gpu.test.ts file');
    expectNone(
      missing,
      `kernels/${name}: a kernel is believed only beside a plain twin in f64 and a test that holds it to it. Missing:`,
    );
  });

  test('every quant is a dtype', () => {
    const shaders = readdirSync(join(ROOT, 'kernels/quant'))
      .filter((file) => file.endsWith('.wgsl'))
      .map((file) => basename(file, '.wgsl'));
    expectNone(
      shaders.filter((name) => dtypeByName(name)?.name !== name),
      'A shader decodes what packages/dtypes defines under the same name: its plain decode is the reference.',
    );
    expect(QUANTS.toSorted(), 'A decode that kernels/quant/index.ts does not list is dead').toEqual(
      shaders.toSorted(),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['code', (path: string) => /\.(ts|js)$/.test(path) && !DATA_TABLE.test(path), LINES.code],
    ['WGSL', (path: string) => path.endsWith('.wgsl'), LINES.wgsl],
    ['README', (path: string) => basename(path) === 'README.md', LINES.readme],
  ] as const)('%s files stay small', (_, choose, most) => {
    const chosen = files.filter(choose);
    expect(chosen.length).toBeGreaterThan(0);
    expectNone(
      chosen.filter((path) => lines(path) > most).map((path) => `${path} has ${lines(path)} lines`),
      `More than ${most} lines are more than one thing: split the file by the words it serves.`,
    );
  });

  test('every room has a README', () => {
    expectNone(
      rooms.filter((room) => !existsSync(join(ROOT, room, 'README.md'))),
      'A room says in its README what it is, what it is not, and how to add one more.',
    );
  });
});

describe('docs', () => {
  test('every fault in docs/loading.md names a test that is there', () => {
    const rows = text('docs/loading.md')
      .split('\n')
      .filter((line) => line.startsWith('|') && /\.(test|spec)\.ts`/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    const missing = rows.filter((row) => {
      const [, file, title] = /`([^`]+)` "([^"]+)" \|$/.exec(row) ?? [];
      return !file || !existsSync(join(ROOT, file)) || !text(file).includes(`'${title}'`);
    });
    expectNone(missing, 'A row of the table of faults ends in `the test file` "the title of the test".');
  });
});

describe('words that stay in their room', () => {
  test('indexedDB', () => {
    expectNone(
      uses(bare('indexedDB'), within('packages/store')),
      'Only packages/store touches IndexedDB: one schema, one place that meets a full disk.',
    );
  });

  test('navigator.gpu', () => {
    expectNone(
      uses(/navigator\s*(\?\.|\.)\s*gpu\b|navigator\s*(\?\.)?\[/, within('packages/gpu/src/device.ts')),
      'Only packages/gpu/src/device.ts asks the platform for WebGPU: everything else is handed an entry point, ' +
        'which is why it also runs in Node.',
    );
  });

  test('window, self, postMessage', () => {
    expectNone(
      [
        ...uses(bare('window', 'self'), within('packages/quern', 'demo')),
        ...uses(/\bpostMessage\b/, within('packages/quern', 'demo')),
      ],
      'Below packages/quern nothing knows whether it runs in a page, a worker or Node. (A sliding window of ' +
        'attention needs another name than the global has.)',
    );
  });

  test('console', () => {
    expectNone(
      uses(bare('console'), within('packages/quern', 'demo')),
      'A library that prints cannot be silenced: report through Progress, a callback or a QuernError.',
    );
  });

  test('named exports only', () => {
    // Playwright takes its configuration and its set-up from a default export.
    const byTools = within('e2e/playwright.config.ts', 'e2e/figures.config.ts', 'e2e/servers/pages.ts');
    const violations = code.filter(
      (path) => !byTools(path) && /^\s*export\s+default\b|\bas\s+default\b/m.test(strip(text(path), false)),
    );
    expectNone(violations, 'A thing has one name, so that it can be searched for.');
  });

  test('are found by this test', () => {
    const found = (source: string, pattern: RegExp) => pattern.test(strip(source, false));
    expect(found('window.close()', bare('window'))).toBe(true);
    expect(found('const a = `${self.name}`', bare('self'))).toBe(true);
    expect(found('const a = "window"; // self', bare('window', 'self'))).toBe(false);
    expect(found('({ window: 3 }).window', bare('window'))).toBe(false);
  });
});
