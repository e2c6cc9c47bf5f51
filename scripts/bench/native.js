// npm run bench -- --rivals --node: Quern on Dawn beside llama.cpp on the same file, in turns, each in a process of its own.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../build/fresh.js';
import { runCommand } from '../setup/command.js';
import { ROOT } from '../setup/paths.js';
import { refuse, say } from '../setup/say.js';
import { ensurePackage, LLAMA } from './packages.js';
import { promptText } from './prompt-text.js';

const TURN = fileURLToPath(new URL('native/turn.js', import.meta.url));

/** The same form of result as e2e/rivals/rivals.bench.ts, without memory. Ends the program where Quern fails. */
export async function measureNative(settings) {
  const { model, fast, gpus, promptTokens, decodeTokens, contextLength, rounds } = settings;
  await buildIfStale('node');
  await ensurePackage(LLAMA);
  const quern = JSON.parse(await readFile(join(ROOT, 'packages', 'quern', 'package.json'), 'utf8')).version;
  const engines = [
    { name: 'quern', version: quern, job: { engine: 'quern' } },
    ...(fast ? [{ name: 'quern-fast', version: quern, job: { engine: 'quern', numerics: 'fast' } }] : []),
    ...gpus.map((gpu) => ({
      name: `llama-${gpu}`,
      version: LLAMA.version,
      job: { engine: 'llama', gpu },
    })),
  ].map((engine) => ({ ...engine, decodeTokens, turns: [] }));
  const prompts = [promptText(promptTokens, 0), promptText(promptTokens, 1)];
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of engines) {
      if (contestant.failed !== undefined) continue;
      const job = { ...contestant.job, model, contextLength, prompts, tokens: decodeTokens };
      const { turn, failed } = await takeTurn(job);
      if (turn) contestant.turns.push(turn);
      else if (contestant.name === 'quern') refuse(`Quern failed:\n${failed}`);
      else contestant.failed = failed;
      say(`round ${round}, ${contestant.name}: ${turn ? JSON.stringify(turn) : failed}`);
    }
  }
  return {
    format: 'quern-rivals-1',
    date: new Date().toISOString(),
    node: process.version,
    model: basename(model),
    promptTokens,
    contextLength,
    engines,
  };
}

async function takeTurn(job) {
  const { code, output } = await runCommand(process.execPath, [TURN, JSON.stringify(job)], { quiet: true });
  const last = output.trim().split('\n').at(-1);
  if (code === 0 && last.startsWith('{')) return { turn: JSON.parse(last) };
  return { failed: output.trim().split('\n').slice(-12).join('\n') || `it ended with ${code} and no word` };
}
