// `quern perplexity`: how well the model foretells a text, in one context.

import { loadRequest, MODEL_OPTIONS, parseCommand, text, wholeNumbers, wrong } from './arguments.ts';
import { withModel } from './loaded.ts';
import type { Command } from './tools.ts';

export const perplexity: Command = {
  usage: `quern perplexity <model> (--file TEXT | --ids 1,2,3) [--context N] [--kv TYPE] [--numerics exact|fast] [--variant axis=value] [--json]

  mean negative log-likelihood in nats over positions 1..n-1, given all before`,

  async run(args, tools) {
    const { model, values } = parseCommand(args, {
      ...MODEL_OPTIONS,
      file: { type: 'string' },
      ids: { type: 'string' },
    });
    const [file, ids] = [text(values, 'file'), wholeNumbers(values, 'ids', 0)];
    if ((file === undefined) === (ids === undefined)) wrong('Give one of --file PATH and --ids 1,2,3.');
    const prompt = ids
      ? ({ kind: 'ids', ids } as const)
      : ({ kind: 'text', text: await tools.readText(file!) } as const);
    await withModel(loadRequest(model, values), tools, async (engine) => {
      const { nll, promptIds } = await engine.perplexity(prompt, tools.signal);
      if (nll.length === 0) wrong('Perplexity needs at least two tokens.');
      const mean = nll.reduce((sum, value) => sum + value, 0) / nll.length;
      const result = { mean_nll: mean, perplexity: Math.exp(mean), n_tokens: promptIds.length, nll };
      tools.out(
        values['json'] === true
          ? `${JSON.stringify(result)}\n`
          : `perplexity ${result.perplexity.toFixed(4)} (mean nll ${mean.toFixed(6)}) over ${promptIds.length} tokens\n`,
      );
    });
  },
};
