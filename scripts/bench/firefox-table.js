// The result of e2e/firefox as text: speed, and how far decode is from what its kernels alone take.
import { digits, line, median, spread } from './spread.js';

/** `result` is what firefox.bench.ts writes. Ends with a newline. */
export function firefoxTable(result) {
  const { info, rounds, promptTokens, decodeTokens } = result;
  const speed = (test) => rounds.map(({ rows }) => rows.find((row) => row.test === test).tokensPerSecond[0]);
  const tokenMs = speed('decode').map((rate) => 1000 / rate);
  const kernelMs = rounds.map(({ kernels }) => sum(kernels.map(({ microseconds }) => microseconds)) / 1000);
  const { software, features, description, vendor } = info.adapter;
  const adapter = [description || vendor || 'an adapter without a name', software && 'software', ...features];
  const lines = [
    `${result.model}, ${browserOf(result.userAgent)}, ${adapter.filter(Boolean).join(', ')}; ${result.date}; context ${info.contextLength}. ` +
      `Median of ${rounds.length} rounds, least to most; load average ${digits(result.loadAverage)}.`,
    '',
    line(['what', 'figure']),
    line(['---', '---']),
    line(['load', `${digits(result.loadMs / 1000)} s`]),
    line([`prefill of ${promptTokens}, tokens/s`, spread(speed('prefill'))]),
    line([`decode of ${decodeTokens}, tokens/s`, spread(speed('decode'))]),
    line(['a written token, ms', spread(tokenMs)]),
    line(['its kernels alone, ms', spread(kernelMs)]),
    line(['the one over the other', `${digits(median(tokenMs) / median(kernelMs))} (2 at most)`]),
    '',
    line(['kernel', 'dispatches', 'ms']),
    line(['---', '---', '---']),
    ...rounds[0].kernels.map(({ kernel, dispatches }) =>
      line([kernel, dispatches, spread(rounds.map((round) => timeOf(round, kernel)))]),
    ),
    '',
    `After 'The capital of France is': ${JSON.stringify(result.text)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function timeOf({ kernels }, name) {
  return sum(kernels.filter(({ kernel }) => kernel === name).map(({ microseconds }) => microseconds)) / 1000;
}

function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

function browserOf(userAgent) {
  return /Firefox\/[\d.]+/.exec(userAgent)?.[0].replace('/', ' ') ?? userAgent;
}
