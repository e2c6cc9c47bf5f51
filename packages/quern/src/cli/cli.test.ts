import type { ModelReport } from '@quern/engine';
import { QuernError } from '@quern/spec';
import { describe, expect, it } from 'vitest';
import { FakeEngine, FAKE_INFO, type FakeScript } from '../testing/fake-engine.ts';
import { FakeModels } from '../testing/fake-models.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { type HistoryRun, historyLine } from './bench-history.ts';
import { main } from './main.ts';
import type { Tools } from './tools.ts';

const report: ModelReport = {
  plan: {
    model: 'Tiny',
    format: 'gguf',
    architecture: 'llama',
    license: 'apache-2.0',
    parameters: 134_000_000,
    tensorTypes: { Q4_1: 210 },
    files: [{ name: 'tiny.gguf', bytes: 91_000_000, cachedBytes: 4 * 2 ** 20 }],
    bytes: 91_000_000,
    cachedBytes: 4 * 2 ** 20,
    downloadBytes: 91_000_000 - 4 * 2 ** 20,
    contextLength: 2048,
    trainedContextLength: 8192,
    kv: 'f16',
    memory: {
      weightBytes: 92_000_000,
      kvBytes: 47_185_920,
      kvGroups: [
        { reach: 'window', reachTokens: 512, layers: 25, tokens: 608, bytes: 11_673_600 },
        { reach: 'all', layers: 5, tokens: 2048, bytes: 35_512_320 },
      ],
      scratchBytes: 2 ** 20,
    },
    fitsStorage: true,
    problems: [],
  },
  remarks: ['The key half is transposed.'],
  metadata: { 'general.name': 'ti\u001b[31mny', template: `{% if x %}\n${'y'.repeat(200)}` },
  tensors: { Q4_1: { count: 210, elements: 134_000_000, bytes: 90_000_000 } },
};

async function quern(args: string[], script: FakeScript = {}, more: Partial<Tools> = {}) {
  const said = {
    out: '',
    err: '',
    requests: [] as LoadRequest[],
    inspected: [] as LoadRequest[],
    sampled: 0,
  };
  const engine = new FakeEngine(script);
  const code = await main(args, {
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
    interactive: false,
    signal: new AbortController().signal,
    load: async (request, { onProgress }) => {
      said.requests.push(request);
      onProgress({
        phase: 'weights',
        loaded: 3 * 2 ** 20,
        total: 3 * 2 ** 20,
        file: 'x.gguf',
        fileLoaded: 5,
        fileTotal: 10,
        from: 'network',
        bytesPerSecond: 2 ** 20,
      });
      return engine;
    },
    openFiles: async (request) => {
      said.requests.push(request);
      return [];
    },
    inspect: async (request) => {
      said.inspected.push(request);
      return report;
    },
    models: new FakeModels(),
    save: async (folder, name) => `${folder}/${name}`,
    readText: async (path) => `text of ${path}`,
    appendText: async () => {},
    commit: async () => null,
    // A peak that is over when the command ends.
    memory: () => {
      const [scriptBytes, residentBytes] = said.sampled++ === 0 ? [3 * 2 ** 20, 40 * 2 ** 20] : [1, 2];
      return { scriptBytes, residentBytes };
    },
    ...more,
  });
  return { code, engine, ...said };
}

describe('quern run', () => {
  it('loads adapters in their order, each with the scale that follows it', async () => {
    const args = ['--lora', 'a', '--lora', 'b', '--lora-scale', '-1', '--lora=c', '--lora-scale=0.5'];
    const { code, err, engine, requests } = await quern(['run', 'x.gguf', '--prompt', 'Once', ...args]);
    expect(code).toBe(0);
    expect(requests.map(({ model }) => model)).toEqual(['x.gguf', 'a', 'b', 'c']);
    expect(engine.requests[0]?.adapters).toEqual([
      { id: 'a', scale: 1 },
      { id: 'b', scale: -1 },
      { id: 'c', scale: 0.5 },
    ]);
    expect(err).toContain('lora: a adds to 14 weights by rank 8\n');
    for (const [wrong, message] of [
      [['--lora-scale', '2'], 'follows the --lora'],
      [['--lora', 'a', '--lora-scale', '2', '--lora-scale', '3'], 'follows the --lora'],
      [['--lora', 'a', '--lora-scale', 'x'], 'takes a number, not "x"'],
      [['--lora', 'a', '--lora', 'a'], 'given twice'],
    ] as const) {
      const { code: failed, err: said } = await quern(['run', 'x.gguf', '--prompt', 'Once', ...wrong]);
      expect(failed).toBe(1);
      expect(said).toContain(message);
    }
  });

  it('streams text to stdout and everything else to stderr', async () => {
    const { code, out, err, engine } = await quern(['run', 'x.gguf', '--prompt', 'Once']);
    expect({ code, out }).toEqual({ code: 0, out: 'Hello world\n' });
    expect(err).toContain('x.gguf (network): 3.0 MiB of 3.0 MiB, 1.0 MiB/s\n');
    expect(err).toContain('adapter: SwiftShader (software, on the CPU)\n');
    expect(err).toContain('prefill 2000.0, decode 100.0 tokens/s');
    expect(engine.requests[0]).toMatchObject({
      prompt: { kind: 'text', text: 'Once' },
      sampling: { temperature: 0, topP: 1 },
      ignoreEos: false,
    });
    expect(engine.unloads).toBe(1);
  });

  it('says what could not be kept, and goes on', async () => {
    const { code, out, err } = await quern(
      ['run', 'x.gguf', '--prompt', 'Once'],
      {},
      {
        interactive: true,
        load: async (_request, { onWarning }) => {
          onWarning(new QuernError('storage-full', 'no room for x.gguf'));
          return new FakeEngine();
        },
      },
    );
    expect({ code, out }).toEqual({ code: 0, out: 'Hello world\n' });
    expect(err).toContain('quern: warning: no room for x.gguf [storage-full]\n');
  });

  it('prints one object with --json and nothing else', async () => {
    const args = ['run', 'x.gguf', '--ids', '5,6,7', '--max-tokens', '1', '--top-logprobs', '2', '--json'];
    const { code, out, engine } = await quern([...args, '--ignore-eos', '--seed', '9', '--temperature=0.5']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      model: 'fake-model',
      arch: 'llama',
      prompt_ids: [5, 6, 7],
      ids: [100],
      text: 'Hello',
      top_logprobs: [
        [
          { id: 100, logprob: -0.25 },
          { id: 7, logprob: -2 },
        ],
      ],
      timings: { load_ms: 6, ttft_ms: 20, prefill_tps: 2000, decode_tps: 100 },
      memory: FAKE_INFO.memory,
      adapter: FAKE_INFO.adapter,
      variants: { gemv: 'thread' },
      numerics: 'exact',
    });
    expect(out.endsWith('}\n')).toBe(true);
    expect(engine.requests[0]).toMatchObject({
      prompt: { kind: 'ids', ids: [5, 6, 7] },
      maxTokens: 1,
      topLogprobs: 2,
      ignoreEos: true,
      sampling: { seed: 9, temperature: 0.5 },
    });
  });

  it('asks through the chat template, and passes what the load takes', async () => {
    const args = [
      'run',
      'o/m:Q4_K_M',
      '--chat',
      'Why?',
      '--context',
      '512',
      '--kv',
      'q8',
      '--numerics',
      'fast',
    ];
    const { engine, requests } = await quern([...args, '--variant', 'gemv=thread', '--variant', 'a=b=c']);
    expect(engine.requests[0]!.prompt).toEqual({
      kind: 'chat',
      messages: [{ role: 'user', content: 'Why?' }],
    });
    expect(requests[0]).toMatchObject({
      model: 'o/m:Q4_K_M',
      contextLength: 512,
      kv: 'q8',
      numerics: 'fast',
      variants: { gemv: 'thread', a: 'b=c' },
    });
  });

  it.each([
    [['run'], /Which model/],
    [['run', 'x.gguf'], /one of --prompt/],
    [['run', 'x.gguf', '--prompt', 'a', '--chat', 'b'], /one of --prompt/],
    [['run', 'x.gguf', 'y', '--prompt', 'a'], /One model at a time/],
    [['run', 'x.gguf', '--prompt', 'a', '--speed', '9'], /--speed/],
    [['run', 'x.gguf', '--prompt', 'a', '--numerics', 'quick'], /--numerics takes exact or fast/],
    [['run', 'x.gguf', '--ids', '1,,2'], /--ids takes whole numbers/],
    [['run', 'x.gguf', '--ids', '1,-2'], /--ids/],
    [['run', 'x.gguf', '--prompt', 'a', '--max-tokens', '0'], /--max-tokens/],
    [['run', 'x.gguf', '--prompt', 'a', '--temperature', 'hot'], /--temperature takes a number/],
    [['run', 'x.gguf', '--prompt', 'a', '--top-logprobs', '21'], /logprobs/],
    [['run', 'x.gguf', '--prompt', 'a', '--kv', 'f8'], /--kv takes f32, f16, q8/],
    [['run', 'x.gguf', '--prompt', 'a', '--variant', 'fast'], /axis=value/],
    [['run', 'x.gguf', '--prompt', 'a', '--context', '1.5'], /--context/],
    [['perplexity', 'x.gguf'], /one of --file/],
    [['bench', 'x.gguf', '-p', 'long'], /--prompt takes whole numbers/],
    [['fly'], /no command "fly"/],
    [['constructor'], /no command/],
    [[], /quern run <model>/],
  ])('refuses %o on stderr with exit code 1 and loads nothing', async (args, expected) => {
    const { code, out, err, requests } = await quern([...args, ...(args.length > 1 ? ['--json'] : [])]);
    expect({ code, out, requests }).toEqual({ code: 1, out: '', requests: [] });
    expect(err).toMatch(expected);
  });

  it('reports an error of the engine, prints no object, and frees the GPU', async () => {
    const error = new QuernError('device-lost', 'gone');
    const { code, out, err, engine } = await quern(['run', 'x', '--prompt', 'a', '--json'], {
      failure: { after: 1, error },
    });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('quern: gone [device-lost]');
    expect(engine.unloads).toBe(1);
  });

  it('ends with 130 when cancelled', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    const pieces = Array.from({ length: 100 }, () => 'x');
    const { code, err, engine } = await quern(
      ['run', 'x', '--prompt', 'a'],
      { pieces, delayMs: 5 },
      { signal: stop.signal },
    );
    expect(code).toBe(130);
    expect(err).toContain('cancelled');
    expect(engine.unloads).toBe(1);
  });
});

describe('the other commands', () => {
  it('bench prints a table, or one object', async () => {
    const args = ['bench', 'x.gguf', '-p', '8,16', '-n', '4', '-d', '0,32', '-r', '3'];
    const step = { dispatches: 211, scriptMicroseconds: 420, kvBytes: 1000, kvFlops: 4000 };
    const { out } = await quern(args);
    expect(out.split('\n')[0]).toMatch(
      /^\| model +\| +size \| +params \| adapter +\| numerics \| test +\| +t\/s \| dispatches \| script us \|$/,
    );
    expect(out).toContain('| pp8       | 11.00 ± 1.00 | -          | -         |');
    expect(out).toContain('| tg4       |  3.00 ± 0.00 | 211        | 420       |');
    expect(out).toContain('| tg4 @ d32 |  3.00 ± 0.00 | 211        | 420       |');
    expect(out).toMatch(/\| first token +\| +20 \|/);
    expect(out).toContain('script 3.0 MiB; process 40.0 MiB\n');
    expect(out).toContain('gemv=thread: measured (thread 1.50 ms, workgroup 45.0 ms)');
    const json = JSON.parse((await quern([...args, '--json'])).out) as { rows: unknown[] };
    expect(json.rows).toEqual([
      { test: 'prefill', tokens: 8, depth: 0, tokens_per_second: 11, stddev: 1, samples: [10, 11, 12] },
      { test: 'prefill', tokens: 16, depth: 0, tokens_per_second: 11, stddev: 1, samples: [10, 11, 12] },
      { test: 'decode', tokens: 4, depth: 0, tokens_per_second: 3, stddev: 0, samples: [3], step },
      { test: 'decode', tokens: 4, depth: 32, tokens_per_second: 3, stddev: 0, samples: [3], step },
    ]);
    expect(json).toMatchObject({
      model: 'fake-model',
      arch: 'llama',
      variants: { gemv: 'thread' },
      numerics: 'exact',
    });
    expect(json).toMatchObject({ timings: { firstTokenMs: 20 }, process: { scriptBytes: 3 * 2 ** 20 } });
  });

  it('bench keeps a history, and sets the newest run of the same model and adapter beside each row', async () => {
    let file = '';
    const files: Partial<Tools> = {
      readText: async (path) => {
        if (file === '') throw new QuernError('not-found', `no ${path}`);
        return file;
      },
      appendText: async (_, text) => void (file += text),
      commit: async () => 'abc1234',
    };
    const args = ['bench', 'x.gguf', '-p', '8', '-n', '4', '--history', 'h', '--against', 'h'];
    const first = await quern(args, {}, files);
    expect(first.err).toContain('h has no run of this model');
    expect(first.out).toMatch(/\| pp8 .*\| - +\|/);
    const line = JSON.parse(file) as HistoryRun;
    expect(line).toMatchObject({ commit: 'abc1234', model: 'fake-model', kv: 'f16' });
    expect(line.adapter).toBe('SwiftShader (software, on the CPU)');
    expect(line.rows.map(({ test, tokens, depth }) => [test, tokens, depth])).toEqual([
      ['prefill', 8, 0],
      ['decode', 4, 0],
    ]);

    // Half as fast then, with another adapter's run and one in fast numerics after it, and a test that this run does not make.
    const slower = line.rows.map((row) => ({ ...row, tokens_per_second: row.tokens_per_second / 2 }));
    file =
      historyLine({ ...line, rows: slower.slice(0, 1) }) +
      historyLine({ ...line, adapter: 'other' }) +
      historyLine({ ...line, numerics: 'fast' });
    const second = await quern(args, {}, files);
    expect(second.err).toContain('against: abc1234 of ');
    expect(second.out).toMatch(/\| pp8 .*\| 2\.00x +\|/);
    expect(second.out).toMatch(/\| tg4 .*\| +- +\|/);
    expect(file.trim().split('\n')).toHaveLength(4);
    // The newest is now this machine's last run.
    const third = JSON.parse((await quern([...args, '--json'], {}, files)).out) as Record<string, unknown>;
    expect(third).toMatchObject({ against: { commit: 'abc1234' }, rows: [{ ratio: 1 }, { ratio: 1 }] });

    file += '{"model":"fake-model"}\n';
    const broken = await quern(args, {}, files);
    expect({ code: broken.code, requests: broken.requests }).toEqual({ code: 1, requests: [] });
    expect(broken.err).toContain('h, line 6 is not a run');
    file = '';
    expect((await quern(['bench', 'x', '--against', 'h'], {}, files)).err).toContain('no h [not-found]');
  });

  it('perplexity of ids and of a file', async () => {
    const { out } = await quern(['perplexity', 'x', '--ids', '4,5,6', '--json']);
    expect(JSON.parse(out)).toEqual({ mean_nll: 1.5, perplexity: Math.exp(1.5), n_tokens: 3, nll: [1, 2] });
    expect((await quern(['perplexity', 'x', '--file', 'a'])).out).toMatch(
      /^perplexity \d+\.\d{4} .* 9 tokens\n$/,
    );
    expect((await quern(['perplexity', 'x', '--ids', '4'])).code).toBe(1);
  });

  it('inspect prints metadata, tensors and memory, and touches no engine', async () => {
    const { out, requests, inspected } = await quern(['inspect', 'x', '--context', '2048']);
    expect(inspected).toMatchObject([{ model: 'x', contextLength: 2048 }]);
    expect(requests).toEqual([]);
    expect(out).toContain('general.name = ti\\x1b[31mny\n');
    expect(out).toMatch(/template = \{% if x %\}\\ny+\.\.\. \(211 characters\)/);
    expect(out).toMatch(/\| Q4_1 \| +210 \| 134\.00 M \| +85\.8 MiB \|/);
    expect(out).toContain('files    tiny.gguf: 86.8 MiB, 82.8 MiB to download\n');
    expect(out).toContain('context  2048 tokens of 8192 trained, f16 keys and values\n');
    expect(out).toContain('87.7 MiB weights + 45.0 MiB keys and values + 1.0 MiB scratch = 134 MiB');
    expect(out).toContain('fits     yes, as far as no adapter was asked\n');
    expect(out).toContain('11.1 MiB for 608 tokens, at any length: 25 layers that see a window of 512\n');
    expect(out).toContain('33.9 MiB for 2048 tokens: 5 layers that see all\n');
    expect(out).toContain('note     The key half is transposed.\n');
    const { out: json } = await quern(['inspect', 'x', '--json']);
    expect(JSON.parse(json)).toMatchObject(report);
  });

  it('inspect tells why a model does not fit, on an adapter and within the memory asked for', async () => {
    const { plan } = report;
    const limits = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 27 };
    const problems = [
      { code: 'out-of-memory' as const, message: `needs ${'so much '.repeat(20)}\u001b[31m` },
    ];
    const asked: unknown[] = [];
    const args = ['inspect', 'x', '--adapter', '--memory', '1.5', '--kv', 'q8', '--context', '99'];
    const { out } = await quern(
      args,
      {},
      {
        inspect: async (request, { adapter }) => {
          asked.push({ ...request, adapter });
          return { ...report, plan: { ...plan, limits, problems } };
        },
      },
    );
    expect(asked).toMatchObject([{ adapter: true, memoryBytes: 1.5e9, kv: 'q8', contextLength: 99 }]);
    expect(out).toContain('adapter  binds 128 MiB, has buffers of 1.0 GiB\nfits     no\n');
    expect(out).toMatch(/\nproblem {2}needs (so much ){20}\\x1b\[31m \[out-of-memory\]\n/);
    expect((await quern(['inspect', 'x', '--memory', '0'])).err).toContain('--memory takes gigabytes');
  });

  it('write progress over one line of a terminal, and leave it empty', async () => {
    const { err } = await quern(['run', 'x', '--prompt', 'a'], {}, { interactive: true });
    expect(err).toMatch(/^\rx\.gguf \(network\): 3\.0 MiB of 3\.0 MiB, 1\.0 MiB\/s\r +\radapter: /);
  });

  it('help goes to stdout', async () => {
    const { code, out } = await quern(['--help']);
    expect(code).toBe(0);
    for (const name of ['run', 'inspect', 'bench', 'perplexity'])
      expect(out).toContain(`quern ${name} <model>`);
    expect((await quern(['run', '--help'])).out).toContain('--top-logprobs K');
  });
});
