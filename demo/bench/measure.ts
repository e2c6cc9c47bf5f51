// Runs Quern through one benchmark; each step hands on what is known so far. No DOM here.
import type { Engine } from '../load/engine.ts';
import { failureOf, wasAborted } from '../load/failure.ts';
import type { BenchReport, BenchSettings } from './report.ts';
import { moreMemory } from './script-memory.ts';

export interface Steps {
  onStep: (what: string) => void;
  onReport: (report: BenchReport) => void;
}

/**
 * Fills `report`. Throws what the engine throws, 'aborted' too; but a profile that the adapter cannot
 * give is only noted.
 */
export async function measure(
  engine: Engine,
  report: BenchReport,
  settings: BenchSettings,
  signal: AbortSignal,
  { onStep, onReport }: Steps,
): Promise<void> {
  report.settings = settings;
  onStep('Waiting for the first token');
  const first = await engine.completions.create(
    { prompt: 'Hello', max_tokens: 1, temperature: 0 },
    { signal },
  );
  report.firstTokenMs = first.timings.timeToFirstTokenMs;
  report.scriptMemory = await moreMemory(undefined);
  onReport(report);

  onStep(
    `Measuring prompts of ${settings.promptTokens.join(' and ')} tokens, then ${settings.decodeTokens} tokens after ${settings.depths.join(' and ')}`,
  );
  for await (const row of engine.bench(settings, { signal })) {
    report.rows.push(row);
    onReport(report);
  }

  try {
    onStep('Measuring what this adapter can do at most');
    report.roofline = await engine.roofline();
    onStep('Timing each kernel');
    report.kernels = { prefill: await engine.profile('prefill'), decode: await engine.profile('decode') };
  } catch (error) {
    if (wasAborted(error)) throw error;
    report.kernelsMissing = failureOf(error);
  }
  report.info = await engine.info(); // its memory has the plans of all that was run
  report.scriptMemory = await moreMemory(report.scriptMemory);
  onReport(report);
}
