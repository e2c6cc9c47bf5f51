// `quern bench`: prefill and decode speed, as llama-bench shows them.

import { QuernError } from '@quern/spec';
import { benchRequest } from '../api/bench-request.ts';
import { loadRequest, MODEL_OPTIONS, parseCommand, text, wholeNumber, wholeNumbers } from './arguments.ts';
import { historyLine, type HistoryRun, newestRun, ratioTo, readRuns } from './bench-history.ts';
import { adapterName, withModel } from './loaded.ts';
import { kernelTables, profileKernels } from './kernel-tables.ts';
import { firstToken, loadTable } from './load-table.ts';
import { memoryLine, watchMemory } from './memory-watch.ts';
import { type SpeedRow, speedRow, speedTable, testName } from './speed-table.ts';
import type { Command, Tools } from './tools.ts';
import { variantLines } from './variant-lines.ts';

export const bench: Command = {
  usage: `quern bench <model> [options]

  -p 128,512          prompt lengths to prefill
  -n 64               tokens to decode; 0 for none
  -d 0,512            how many tokens the cache holds before them
  -r 3                repetitions
  --history F.jsonl   adds this run to the file as a line: commit, date, adapter, model, rows
  --against F.jsonl   the ratio to the newest line of that file with this model, adapter and numerics, beside each row
  --context N, --kv TYPE, --numerics exact|fast, --variant axis=value, --json  as for run`,

  async run(args, tools) {
    const { model, values } = parseCommand(args, {
      ...MODEL_OPTIONS,
      prompt: { type: 'string', short: 'p' },
      tokens: { type: 'string', short: 'n' },
      depths: { type: 'string', short: 'd' },
      repetitions: { type: 'string', short: 'r' },
      history: { type: 'string' },
      against: { type: 'string' },
    });
    const given = {
      promptTokens: wholeNumbers(values, 'prompt', 0)?.filter((n) => n > 0),
      decodeTokens: wholeNumber(values, 'tokens', 0),
      depths: wholeNumbers(values, 'depths', 0),
      repetitions: wholeNumber(values, 'repetitions', 1),
    };
    const [historyFile, againstFile] = [text(values, 'history'), text(values, 'against')];
    // Before minutes are spent: a file that is not there, or is no history.
    const past = againstFile === undefined ? undefined : await readPast(againstFile, historyFile, tools);
    const watch = watchMemory(tools);
    await withModel(loadRequest(model, values), tools, async (engine, info) => {
      const firstTokenMs = await firstToken(engine, tools.signal);
      const adapter = adapterName(info.adapter);
      const earlier = past?.({ model: info.model, adapter, numerics: info.numerics });
      if (past) tools.err(`${beside(earlier, againstFile!)}\n`);
      const rows: SpeedRow[] = [];
      for await (const row of engine.bench(benchRequest(info, given), tools.signal)) {
        rows.push(speedRow(row));
        tools.err(`${testName(row)}: ${rows.at(-1)!.tokens_per_second.toFixed(2)} tokens/s\n`);
      }
      if (historyFile !== undefined) {
        const { model: name, kv, variants, numerics } = info;
        const [commit, date] = [await tools.commit(), new Date().toISOString()];
        await tools.appendText(
          historyFile,
          historyLine({ commit, date, model: name, adapter, kv, numerics, variants, rows }),
        );
      }
      const compared = rows.map((row) => ({ ...row, ratio: ratioTo(earlier, row) }));
      const kernels = await profileKernels(engine, info);
      const { memory } = engine.info(); // with the plans of all that was run
      const process = watch.stop();
      if (values['json'] === true) {
        const { architecture: arch, parameters, variants, variantChoices, numerics, timings } = info;
        const result = {
          model: info.model,
          arch,
          parameters,
          kv: info.kv,
          rows: compared,
          ...(earlier && { against: { commit: earlier.commit, date: earlier.date } }),
          kernels,
          timings: { ...timings, firstTokenMs },
          memory,
          process,
          adapter: info.adapter,
          variants,
          variantChoices,
          numerics,
        };
        tools.out(`${JSON.stringify(result)}\n`);
        return;
      }
      tools.out(
        speedTable(info, compared, past !== undefined) +
          loadTable(info, firstTokenMs) +
          memoryLine(memory, process) +
          variantLines(info) +
          kernelTables(kernels),
      );
    }).finally(watch.stop);
  },
};

type Earlier = (which: Pick<HistoryRun, 'model' | 'adapter' | 'numerics'>) => HistoryRun | undefined;

/** The same file may be read and written: it is then not there the first time. */
async function readPast(path: string, historyFile: string | undefined, tools: Tools): Promise<Earlier> {
  const content = await tools.readText(path).catch((error: unknown) => {
    if (path === historyFile && QuernError.is(error) && error.code === 'not-found') return '';
    throw error;
  });
  const runs = readRuns(content, path);
  return (which) => newestRun(runs, which);
}

function beside(earlier: HistoryRun | undefined, path: string): string {
  if (!earlier) return `against: ${path} has no run of this model on this adapter with these numerics`;
  const { commit, date, kv, variants } = earlier;
  const choice = Object.entries(variants).map(([axis, value]) => `${axis}=${value}`);
  return `against: ${commit ?? 'no commit'} of ${date}, ${[`KV ${kv}`, ...choice].join(' ')}`;
}
