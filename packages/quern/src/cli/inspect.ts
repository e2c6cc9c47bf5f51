// `quern inspect`: what a model file says of itself and what it will need. Touches no GPU.

import type { ModelReport } from '@quern/engine';
import type { KvGroupInfo } from '@quern/spec';
import { kvType, loadRequest, MODEL_OPTIONS, parseCommand, wholeNumber } from './arguments.ts';
import type { Command } from './tools.ts';
import { bytes, count, table } from './words.ts';

export const inspect: Command = {
  usage: `quern inspect <model> [--context N] [--kv f32|f16|q8] [--json]

  metadata, tensors by type, and the memory needed at a context length`,

  async run(args, tools) {
    const { context, kv, json } = MODEL_OPTIONS;
    const { model, values } = parseCommand(args, { context, kv, json });
    const report = await tools.inspect(loadRequest(model, values), {
      contextLength: wholeNumber(values, 'context', 1),
      kv: kvType(values),
      signal: tools.signal,
    });
    tools.out(values['json'] === true ? `${JSON.stringify(report)}\n` : describe(report));
  },
};

const MAX_SHOWN = 100;

function describe(report: ModelReport): string {
  const keys = Object.entries(report.metadata).map(([key, value]) => `${key} = ${short(value)}\n`);
  const tensors = Object.entries(report.tensors).map(([type, { count: tensors, elements, bytes: size }]) => [
    type,
    String(tensors),
    count(elements),
    bytes(size),
  ]);
  const { file, weights, kv, kvGroups } = report.memory;
  const support = report.supported ? '' : ` (not supported: ${report.reason ?? 'no reason given'})`;
  return [
    `${short(report.model)}\n`,
    `${report.format}, architecture ${short(report.architecture)}${support}, ${count(report.parameters)} parameters\n\n`,
    ...keys,
    '\n',
    table(['type', 'tensors', 'elements', 'bytes'], tensors),
    `\nfile     ${bytes(file)} of tensors\n`,
    `context  ${report.contextLength} tokens of ${report.trainedContextLength} trained\n`,
    `memory   ${bytes(weights)} weights + ${bytes(kv)} keys and values = ${bytes(weights + kv)}\n`,
    ...(kvGroups.length > 1 || kvGroups.some(({ reach }) => reach !== 'all') ? kvGroups.map(kvLine) : []),
    ...report.remarks.map((remark) => `note     ${remark}\n`),
  ].join('');
}

/** A group of layers, where they are not all alike. */
function kvLine({ reach, reachTokens, layers, tokens, bytes: size }: KvGroupInfo): string {
  const sees = reach === 'all' ? 'all' : `a ${reach} of ${reachTokens}`;
  const grows = reach === 'all' ? '' : ', at any length';
  return `         ${bytes(size)} for ${tokens} tokens${grows}: ${layers} layers that see ${sees}\n`;
}

/** One line, and nothing in it that a terminal would obey: the file is a stranger's. */
function short(value: string): string {
  const line = value
    .replaceAll('\n', '\\n')
    .replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}... (${value.length} characters)` : line;
}
