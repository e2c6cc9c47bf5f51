// npm run bench -- --rivals: reads the options, brings what is missing, measures (e2e/rivals/rivals.bench.ts; with --node
// native.js), shows the result.
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build/fresh.js';
import { ensureBrowser } from '../setup/install-browser.js';
import { DEFAULT_MODEL, ensureModel } from '../setup/model.js';
import { refuse, say } from '../setup/say.js';
import { measure } from './measure.js';
import { measureNative } from './native.js';
import { ensureOnnx } from './onnx.js';
import { ensurePackage, PACKAGES, WLLAMA } from './packages.js';
import { rivalsTable } from './rivals-table.js';
import { whole } from './whole.js';

const USAGE = `npm run bench -- --rivals [model.gguf] [options]

  --fast           Quern asked for fast numerics has a row too
  --onnx FOLDER    the same model for Transformers.js: config.json, tokenizer.json, onnx/; default: of the
                   default model, from the Hugging Face hub
  --dtype q4       which of its files: q4, q4f16, fp16, fp32
  --onnx-tokens 4  tokens that Transformers.js writes, as it may be slow
  -p 128           tokens of the prompt, about
  -n 32            tokens written after it
  --context N      tokens that the caches have room for, the same for all; default 512, or what the texts need
  -r 3             rounds
  --node           in Node: Quern on Dawn beside llama.cpp (node-llama-cpp), the same file
  --gpu auto       what llama.cpp computes on, with --node: auto, cuda, vulkan, metal, cpu; several by commas
  --json           the result as JSON instead of a table`;

/** Resolves to the exit code. The result goes to stdout, all else to stderr. */
export async function runRivals(args) {
  const { values, positionals } = read(args);
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const model = positionals[0] === undefined ? await ensureModel() : resolve(positionals[0]);
  if (!existsSync(model)) refuse(`There is no ${model}.`);
  const promptTokens = whole(values.prompt, 'prompt');
  const decodeTokens = whole(values.tokens, 'tokens');
  // The prompt's length is a guess until a tokenizer has seen it.
  const least = Math.ceil(promptTokens * 1.25) + decodeTokens;
  const contextLength = whole(values.context ?? Math.max(512, 2 ** Math.ceil(Math.log2(least))), 'context');
  if (contextLength < least) refuse(`--context takes ${least} or more for that prompt and answer.`);
  const sizes = { promptTokens, decodeTokens, contextLength, rounds: whole(values.rounds, 'rounds') };
  if (values.node) {
    const result = await measureNative({ model, ...sizes, fast: values.fast, gpus: values.gpu.split(',') });
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : rivalsTable(result));
    return 0;
  }

  const onnx = await onnxFolder(values, model);
  const browser = await ensureBrowser();
  await buildIfStale('page');
  await buildIfStale('worker');
  await ensurePackage(WLLAMA);
  const settings = {
    model,
    onnx,
    dtype: values.dtype,
    fast: values.fast,
    ...sizes,
    onnxTokens: whole(values['onnx-tokens'], 'onnx-tokens'),
    rivals: PACKAGES,
  };
  const result = await measure('e2e/rivals/', 'QUERN_RIVALS', settings, { QUERN_BROWSER: browser });
  if (!result) return 1;
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : rivalsTable(result));
  return 0;
}

/** Transformers.js' files of the model, or undefined: then it takes no part, and that has been said. */
async function onnxFolder({ onnx, dtype }, model) {
  if (onnx !== undefined) {
    if (!existsSync(onnx)) refuse(`There is no ${onnx}.`);
    return resolve(onnx);
  }
  if (basename(model) === DEFAULT_MODEL.file) return ensureOnnx(dtype);
  say(`Transformers.js takes no part: --onnx FOLDER names ${basename(model)} as ONNX.`);
  return undefined;
}

function read(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rivals: { type: 'boolean' },
        node: { type: 'boolean' },
        fast: { type: 'boolean', default: false },
        help: { type: 'boolean' },
        json: { type: 'boolean' },
        onnx: { type: 'string' },
        dtype: { type: 'string', default: 'q4' },
        prompt: { type: 'string', short: 'p', default: '128' },
        tokens: { type: 'string', short: 'n', default: '32' },
        context: { type: 'string' },
        rounds: { type: 'string', short: 'r', default: '3' },
        gpu: { type: 'string', default: 'auto' },
        'onnx-tokens': { type: 'string', default: '4' },
      },
    });
  } catch (error) {
    return refuse(`${error.message}\n\n${USAGE}`);
  }
}
