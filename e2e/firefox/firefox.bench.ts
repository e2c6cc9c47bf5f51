// Quern in Firefox: decode against what its kernels alone take, as Firefox answers maps on a 100 ms tick.
// `npm run bench -- --browser firefox` starts it, and shows what it writes to QUERN_FIREFOX_BENCH's file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'playwright/test';
import type { BenchRow, EngineInfo, KernelTiming } from '@quern/spec';
import { ROOT } from '../../scripts/setup/paths.js';
import { serveIsolated } from '../servers/isolated.ts';
import { openPlainFirefox } from './plain-firefox.ts';

/** What scripts/bench/firefox.js asks for, as JSON in QUERN_FIREFOX_BENCH. */
interface Settings {
  model: string;
  promptTokens: number;
  decodeTokens: number;
  contextLength: number;
  rounds: number;
  /** Where the result goes. */
  out: string;
}

interface Loaded {
  loadMs: number;
  info: EngineInfo;
  userAgent: string;
}

interface Round {
  rows: BenchRow[];
  kernels: KernelTiming[];
}

/** For a page that says nothing. */
const SILENCE_MS = 600_000;

test('Firefox', async () => {
  const { model, out, ...job } = JSON.parse(process.env.QUERN_FIREFOX_BENCH ?? '') as Settings;
  test.setTimeout(24 * 3_600_000);
  const server = await serveIsolated(
    {
      '/page.js': join(ROOT, 'e2e', 'firefox', 'page.js'),
      '/quern/': join(ROOT, 'packages', 'quern', 'dist'),
      '/model.gguf': model,
    },
    { ...job, model: '/model.gguf' },
  );
  const profile = await mkdtemp(join(tmpdir(), 'quern-firefox-'));
  const firefox = await openPlainFirefox(`${server.url}/?bench`, profile);
  const told = <T>(at: string): Promise<T> => {
    const silence = new Promise<never>((_, reject) =>
      setTimeout(
        () => reject(new Error(`the page said nothing for ${SILENCE_MS / 1000} s`)),
        SILENCE_MS,
      ).unref(),
    );
    return Promise.race([server.told<T>(at), firefox.ended, silence]);
  };
  try {
    const { loadMs, info, userAgent } = await told<Loaded>('loaded');
    const { text } = await told<{ text: string }>('text');
    console.log(`loaded in ${Math.round(loadMs)} ms; writes ${JSON.stringify(text)}`);
    const rounds: Round[] = [];
    for (let n = 1; n <= job.rounds; n++) {
      const { rows, kernels } = await told<Round>('round');
      rounds.push({ rows, kernels });
      console.log(
        `round ${n}: ${rows.map(({ test: what, tokensPerSecond }) => `${what} ${tokensPerSecond[0]?.toFixed(2)}`).join(', ')}`,
      );
    }
    expect(rounds).toHaveLength(job.rounds);
    const result = {
      format: 'quern-firefox-1',
      date: new Date().toISOString(),
      userAgent,
      model: basename(model),
      ...job,
      loadAverage: loadavg()[0],
      info,
      loadMs,
      text,
      rounds,
    };
    await writeFile(out, JSON.stringify(result));
  } finally {
    await firefox.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
