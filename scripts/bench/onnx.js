// The default model as Transformers.js reads it: its ONNX folder on the Hugging Face hub, kept in the cache.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { writeChecked } from '../setup/checked-file.js';
import { CACHE } from '../setup/paths.js';
import { megabytes, progress, say } from '../setup/say.js';

const REPOSITORY = 'HuggingFaceTB/SmolLM2-135M-Instruct';
const TEXTS = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/**
 * The folder, fetched the first time; `dtype` as Transformers.js names it. Undefined where the hub is out of
 * reach: it has then said so, and what would help.
 */
export async function ensureOnnx(dtype, { hub = 'https://huggingface.co', cache = CACHE } = {}) {
  const folder = join(cache, 'onnx', 'SmolLM2-135M-Instruct');
  const weights = dtype === 'fp32' ? 'onnx/model.onnx' : `onnx/model_${dtype}.onnx`;
  const missing = [...TEXTS, weights].filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return folder;
  say(`Getting ${missing.join(', ')} of ${REPOSITORY} from the Hugging Face hub ...`);
  try {
    for (const name of missing) await get(`${hub}/${REPOSITORY}/resolve/main/${name}`, join(folder, name));
    return folder;
  } catch (error) {
    say(
      `  not from there: ${error.cause?.message ?? error.message}\n` +
        '  Transformers.js takes no part. docs/performance.md says how to make such a folder without the hub; --onnx FOLDER takes it.',
    );
    return undefined;
  }
}

/** Large files have their SHA-256 in a header of the hub's own answer, before it sends one elsewhere. */
async function get(url, path) {
  const signal = AbortSignal.timeout(20_000);
  const { headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(headers.get('x-linked-etag') ?? '')?.[1];
  const answer = await fetch(url);
  if (!answer.ok || !answer.body) throw new Error(`${url} answered ${answer.status}`);
  if (sha256) {
    const meter = (bytes) => progress(`  ${megabytes(bytes)}`);
    await writeChecked(Readable.fromWeb(answer.body), path, sha256, meter);
    return;
  }
  const text = await answer.text();
  JSON.parse(text);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
