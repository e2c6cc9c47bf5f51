// Quern beside other engines: the same browser, adapter and file, in turns (A B A B), each turn in a fresh profile.
// Measures and asserts nothing about speed; `npm run bench -- --rivals` starts it, and shows what it writes to QUERN_RIVALS' file.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'playwright/test';
import { promptText } from '../../scripts/bench/prompt-text.js';
import { REAL, SOFTWARE } from '../../scripts/browser/flags.js';
import { launchBrowser } from '../../scripts/browser/launch.js';
import { findBrowser } from '../../scripts/setup/find-browser.js';
import { ROOT } from '../../scripts/setup/paths.js';
import { openPlainBrowser } from '../loading/plain-browser.ts';
import { serveIsolated, type IsolatedServer } from '../servers/isolated.ts';
import { weigh, type Weight } from './scales.ts';

/** What scripts/bench/rivals.js asks for, as JSON in QUERN_RIVALS. */
interface Settings {
  model: string;
  /** A Transformers.js folder: config.json, tokenizer.json, onnx/. */
  onnx?: string;
  dtype: string;
  /** Quern with fast numerics takes turns too. */
  fast: boolean;
  promptTokens: number;
  decodeTokens: number;
  /** Of Transformers.js, which may be slow. */
  onnxTokens: number;
  contextLength: number;
  rounds: number;
  /** node_modules with wllama in it. */
  rivals: string;
  /** Where the result goes. */
  out: string;
}

interface Done {
  loadMs: number;
  /** What it computes on. */
  device: string;
  /** Of tokens; not there where the cache grows with the text. */
  contextLength?: number;
  notes: string[];
  answers: Array<{ promptTokens: number; firstTokenMs: number; restMs: number; text: string }>;
}

interface Turn extends Done, Weight {
  loadAverage: number;
}

interface Contestant {
  name: string;
  version: string;
  decodeTokens: number;
  turns: Turn[];
  failed?: string;
}

const TURN_MS = 1_800_000;
const NO_MEMORY: Weight = { pageBytes: 0, pageAndGpuBytes: 0, idlePageBytes: 0, idlePageAndGpuBytes: 0 };

test('rivals', async () => {
  const settings = JSON.parse(process.env.QUERN_RIVALS ?? '') as Settings;
  test.setTimeout(24 * 3_600_000);
  const { model, onnx, dtype, fast, promptTokens, decodeTokens, onnxTokens, contextLength, rounds, rivals } =
    settings;
  const packages = join(ROOT, 'node_modules');
  const wllama = join(rivals, '@wllama', 'wllama');
  const transformers = join(packages, '@huggingface', 'transformers');
  const server = await serveIsolated(
    {
      '/page.js': join(ROOT, 'e2e', 'rivals', 'page.js'),
      '/timed.js': join(ROOT, 'scripts', 'bench', 'timed.js'),
      '/engines/': join(ROOT, 'e2e', 'rivals', 'engines'),
      '/quern/': join(ROOT, 'packages', 'quern', 'dist'),
      '/wllama/': wllama,
      '/transformers/': join(transformers, 'dist'),
      '/ort/': join(packages, 'onnxruntime-web', 'dist'),
      '/model.gguf': model,
      ...(onnx !== undefined && { '/onnx/model/': onnx }),
    },
    {
      contextLength,
      dtype,
      tokens: decodeTokens,
      tokensOf: { transformers: onnxTokens },
      prompts: [promptText(promptTokens, 0), promptText(promptTokens, 1)],
    },
  );
  try {
    const { flags, browser } = await adapterFlags(server.url);
    const version = async (folder: string) =>
      (JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    const quern = await version(join(ROOT, 'packages', 'quern'));
    const engines: Contestant[] = [
      { name: 'quern', version: quern, decodeTokens, turns: [] },
      { name: 'wllama', version: await version(wllama), decodeTokens, turns: [] },
    ];
    if (fast) engines.push({ name: 'quern-fast', version: quern, decodeTokens, turns: [] });
    if (onnx !== undefined) {
      const theirs = await version(transformers);
      engines.push({ name: 'transformers', version: theirs, decodeTokens: onnxTokens, turns: [] });
    }

    // wllama falls back to the CPU without an error: only where its log puts layers on WebGPU is that a row of its own.
    const log = await takeTurn(server, 'wllama-webgpu', flags, '&load-only').then(
      ({ notes }) => notes,
      (error: Error) => [error.message],
    );
    const onGpu = log.some((note) => /WebGPU\S* model buffer size|offloaded [1-9]/i.test(note));
    console.log(`wllama's WebGPU ${onGpu ? 'runs' : 'does not run here'}: ${log.join('; ')}`);
    if (onGpu) engines.push({ ...engines[1]!, name: 'wllama-webgpu', turns: [] });

    for (let round = 1; round <= rounds; round++) {
      for (const engine of engines) {
        if (engine.failed !== undefined) continue;
        const turn = await takeTurn(server, engine.name, flags).catch((error: Error) => error);
        if (turn instanceof Error) {
          // A rival that fails is a line of the result; Quern may not.
          if (engine.name === 'quern') throw turn;
          engine.failed = turn.message;
          console.log(`round ${round}, ${engine.name} failed: ${turn.message}`);
          continue;
        }
        engine.turns.push(turn);
        console.log(`round ${round}, ${engine.name}: ${JSON.stringify(turn)}`);
        expect(turn.answers).toHaveLength(2);
      }
    }
    const result = {
      format: 'quern-rivals-1',
      date: new Date().toISOString(),
      browser,
      software: flags === SOFTWARE,
      model: basename(model),
      onnx: onnx === undefined ? undefined : `${basename(onnx)} ${dtype}`,
      promptTokens,
      contextLength,
      wllamaWebGpu: { runs: onGpu, log },
      engines,
    };
    await writeFile(settings.out, JSON.stringify(result));
  } finally {
    await server.close();
  }
});

/** One engine, from nothing, in a browser and a profile of its own. */
async function takeTurn(
  server: IsolatedServer,
  engine: string,
  flags: readonly string[],
  more = '',
): Promise<Turn> {
  const profile = await mkdtemp(join(tmpdir(), 'quern-rivals-'));
  const browser = openPlainBrowser(`${server.url}/?engine=${engine}${more}`, profile, flags);
  let late: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`${engine} said nothing for ${TURN_MS / 1000} s`)), TURN_MS);
  });
  try {
    await Promise.race([server.told('idle'), deadline]);
    // Only Linux tells what is private to a process.
    const linux = process.platform === 'linux';
    const gpu = linux ? await browser.processes('gpu-process') : [];
    // Chromium has renderers of its own beside the page's: it is the one that grows largest.
    const renderers = linux ? await browser.processes('renderer') : [];
    const scales = await Promise.all(renderers.map((page) => weigh(page, gpu)));
    try {
      const done = await Promise.race([server.told<Done>('done'), deadline]);
      const [heaviest] = scales.map(({ seen }) => seen).sort((a, b) => b.pageBytes - a.pageBytes);
      return { ...done, ...(heaviest ?? NO_MEMORY), loadAverage: loadavg()[0]! };
    } finally {
      for (const { stop } of scales) stop();
    }
  } finally {
    clearTimeout(late);
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The machine's GPU where it gives an adapter, else SwiftShader. */
async function adapterFlags(url: string): Promise<{ flags: readonly string[]; browser: string }> {
  const path = process.env.QUERN_BROWSER ?? findBrowser();
  if (!path) throw new Error('no browser: `npm test` installs one');
  const { context, software } = await launchBrowser({ browser: path, url });
  const browser = `Chromium ${context.browser()?.version() ?? ''}`.trim();
  await context.close();
  return { flags: software ? SOFTWARE : REAL, browser };
}
