// The result of e2e/rivals, or of native.js, as a table: medians of all turns, least to most; how Quern stands to each of
// the others, turn by turn; and what each engine said.
import { line, spread } from './spread.js';

const LABEL = {
  quern: 'Quern',
  'quern-fast': 'Quern asked for fast',
  wllama: 'wllama, wasm',
  'wllama-webgpu': 'wllama, WebGPU',
  transformers: 'Transformers.js, WebGPU',
  'llama-auto': 'llama.cpp (node-llama-cpp)',
  'llama-cuda': 'llama.cpp, CUDA asked (node-llama-cpp)',
  'llama-vulkan': 'llama.cpp, Vulkan asked (node-llama-cpp)',
  'llama-metal': 'llama.cpp, Metal asked (node-llama-cpp)',
  'llama-cpu': 'llama.cpp, CPU asked (node-llama-cpp)',
};

/** Figures of a turn, and whether more of it is better. */
const FIGURES = [
  { head: 'load, s', of: ({ loadMs }) => loadMs / 1000 },
  { head: 'first token, cold, s', of: ({ answers: [cold] }) => cold.firstTokenMs / 1000 },
  {
    head: 'load and first token, s',
    of: ({ loadMs, answers: [cold] }) => (loadMs + cold.firstTokenMs) / 1000,
    compared: 'times sooner',
  },
  {
    head: 'prefill, tokens/s',
    of: ({ answers: [, warm] }) => (warm.promptTokens * 1000) / warm.firstTokenMs,
    compared: 'times as fast',
    more: true,
  },
  {
    head: 'decode, tokens/s',
    of: ({ answers: [, warm] }, { decodeTokens }) => (decodeTokens * 1000) / warm.restMs,
    compared: 'times as fast',
    more: true,
  },
  { head: 'page, MB', of: ({ pageBytes }) => pageBytes / 1e6, memory: true, compared: 'times as small' },
  {
    head: 'page and GPU process, MB',
    of: ({ pageAndGpuBytes }) => pageAndGpuBytes / 1e6,
    memory: true,
    compared: 'times as small',
  },
];

/** `result` is what rivals.bench.ts or native.js makes. Ends with a newline. */
export function rivalsTable(result) {
  const engines = result.engines.filter(({ turns }) => turns.length > 0);
  const all = engines.flatMap(({ turns }) => turns);
  const hasMemory = all.some(({ pageBytes }) => pageBytes > 0);
  const figures = FIGURES.filter(({ memory }) => !memory || hasMemory);
  const label = ({ name, version }) => `${LABEL[name] ?? name} ${version}`;
  const rows = engines.map((engine) => [
    label(engine),
    engine.turns[0].device,
    engine.turns[0].contextLength ?? 'grows',
    engine.decodeTokens,
    ...figures.map(({ of }) => spread(engine.turns.map((turn) => of(turn, engine)))),
  ]);
  const head = ['engine', 'computes on', 'context', 'written', ...figures.map((figure) => figure.head)];
  const where = result.browser
    ? `${result.browser}${result.software ? ' on SwiftShader' : ''}`
    : `Node ${result.node}`;
  const lines = [
    `${result.model}, ${where}, ${result.date}; a prompt of about ${result.promptTokens} tokens. Median of the turns, least to most.`,
    `Load average ${spread(all.map(({ loadAverage }) => loadAverage))}${result.onnx ? `; Transformers.js has ${result.onnx}` : ''}.`,
    ...(hasMemory ? [memoryLine(all)] : []),
    ...(result.wllamaWebGpu ? [wllamaLine(result.wllamaWebGpu)] : []),
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
    ...comparison(engines, figures, label),
    ...result.engines
      .filter(({ failed }) => failed !== undefined)
      .map((engine) => `${label(engine)} failed: ${engine.failed.split('\n')[0]}`),
    ...engines.map(
      (engine) =>
        `${label(engine)}, ${engine.turns[0].answers[0].promptTokens} tokens: ${JSON.stringify(engine.turns[0].answers[0].text)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

/** Quern's rows over each other engine's, by turns that stood beside each other. */
function comparison(engines, figures, label) {
  const ours = engines.filter(({ name }) => name.startsWith('quern'));
  const theirs = engines.filter(({ name }) => !name.startsWith('quern'));
  const compared = figures.filter((figure) => figure.compared);
  const rows = ours.flatMap((our) =>
    theirs.map((their) => [
      `${label(our)} to ${label(their)}`,
      ...compared.map(({ of, more }) => {
        const both = Math.min(our.turns.length, their.turns.length);
        const ratios = Array.from({ length: both }, (_, turn) => {
          const ratio = of(our.turns[turn], our) / of(their.turns[turn], their);
          return more ? ratio : 1 / ratio;
        });
        return spread(ratios);
      }),
    ]),
  );
  if (rows.length === 0) return [];
  const head = [
    'turn by turn',
    ...compared.map((figure) => `${figure.head.split(',')[0]}, ${figure.compared}`),
  ];
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

function memoryLine(turns) {
  const page = spread(turns.map(({ idlePageBytes }) => idlePageBytes / 1e6));
  const both = spread(turns.map(({ idlePageAndGpuBytes }) => idlePageAndGpuBytes / 1e6));
  return `Before the load the page has ${page} MB, with the GPU process ${both} MB.`;
}

function wllamaLine({ runs, log }) {
  return `wllama's WebGPU ${runs ? 'runs' : 'does not run here'}: ${log.join('; ') || 'its log says nothing of it'}.`;
}
