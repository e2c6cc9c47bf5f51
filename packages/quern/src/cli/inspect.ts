// `quern inspect`: what a model file says of itself, and what its load will take. Reads headers; touches a GPU only
// to ask what it binds, and only where told to.

import type { ModelReport } from '@quern/engine';
import type { KvGroupInfo, LoadPlan } from '@quern/spec';
import { kvType, loadRequest, MODEL_OPTIONS, number, parseCommand, wholeNumber, wrong } from './arguments.ts';
import type { Command } from './tools.ts';
import { bytes, count, plain, short, table } from './words.ts';

export const inspect: Command = {
  usage: `quern inspect <model> [--context N] [--kv f32|f16|q8] [--adapter] [--memory GB] [--json]

  metadata, tensors by type, and the plan of a load: files to fetch, memory, the context that fits, within the limits
  of this machine's GPU with --adapter, within so many gigabytes (10^9 bytes) of it with --memory`,

  async run(args, tools) {
    const { context, kv, variant, json } = MODEL_OPTIONS;
    const adapter = { type: 'boolean' } as const;
    const memory = { type: 'string' } as const;
    const { model, values } = parseCommand(args, { context, kv, variant, adapter, memory, json });
    const gigabytes = number(values, 'memory');
    if (gigabytes !== undefined && gigabytes <= 0) wrong(`--memory takes gigabytes, not ${gigabytes}.`);
    const report = await tools.inspect(
      {
        ...loadRequest(model, values),
        contextLength: wholeNumber(values, 'context', 1),
        kv: kvType(values),
        ...(gigabytes !== undefined && { memoryBytes: gigabytes * 1e9 }),
      },
      { adapter: values['adapter'] === true, signal: tools.signal },
    );
    tools.out(values['json'] === true ? `${JSON.stringify(report)}\n` : describe(report));
  },
};

function describe({ plan, metadata, tensors: types, remarks }: ModelReport): string {
  const keys = Object.entries(metadata).map(([key, value]) => `${key} = ${short(value)}\n`);
  const tensors = Object.entries(types).map(([type, { count: tensors, elements, bytes: size }]) => [
    type,
    String(tensors),
    count(elements),
    bytes(size),
  ]);
  return [
    `${short(plan.model)}\n`,
    `${plan.format}, architecture ${short(plan.architecture)}, ${count(plan.parameters)} parameters\n\n`,
    ...keys,
    '\n',
    table(['type', 'tensors', 'elements', 'bytes'], tensors),
    '\n',
    ...planLines(plan),
    ...remarks.map((remark) => `note     ${remark}\n`),
    ...plan.problems.map(({ code, message }) => `problem  ${plain(message)} [${code}]\n`),
  ].join('');
}

function planLines(plan: LoadPlan): string[] {
  const { weightBytes, kvBytes, kvGroups, scratchBytes } = plan.memory;
  const cached = plan.cachedBytes === plan.bytes ? 'all here' : `${bytes(plan.downloadBytes)} to download`;
  const [first, ...more] = plan.files;
  const names = more.length === 0 ? short(first!.name) : `${plan.files.length} files`;
  const alike = kvGroups.length === 1 && kvGroups[0]!.reach === 'all';
  return [
    `files    ${names}: ${bytes(plan.bytes)}, ${cached}\n`,
    ...(plan.license === undefined ? [] : [`license  ${short(plan.license)}\n`]),
    `context  ${plan.contextLength} tokens of ${plan.trainedContextLength} trained, ${plan.kv} keys and values\n`,
    `memory   ${bytes(weightBytes)} weights + ${bytes(kvBytes)} keys and values + ${bytes(scratchBytes)} scratch = ` +
      `${bytes(weightBytes + kvBytes + scratchBytes)}\n`,
    ...(alike ? [] : kvGroups.map(kvLine)),
    ...(plan.limits
      ? [
          `adapter  binds ${bytes(plan.limits.maxStorageBufferBindingSize)}, ` +
            `has buffers of ${bytes(plan.limits.maxBufferSize)}\n`,
        ]
      : []),
    `fits     ${plan.problems.length === 0 ? 'yes' : 'no'}${plan.limits ? '' : ', as far as no adapter was asked'}\n`,
  ];
}

/** A group of layers, where they are not all alike. */
function kvLine({ reach, reachTokens, layers, tokens, bytes: size }: KvGroupInfo): string {
  const sees = reach === 'all' ? 'all' : `a ${reach} of ${reachTokens}`;
  const grows = reach === 'all' ? '' : ', at any length';
  return `         ${bytes(size)} for ${tokens} tokens${grows}: ${layers} layers that see ${sees}\n`;
}
