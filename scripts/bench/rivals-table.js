// The result of e2e/rivals as a table: medians of all turns, least to most, and what each engine said.
import { line, spread } from './spread.js';

const LABEL = {
  quern: 'Quern, WebGPU',
  wllama: 'wllama, wasm, 2 threads',
  'wllama-webgpu': 'wllama, WebGPU',
  transformers: 'Transformers.js, WebGPU',
};

/** `result` is what rivals.bench.ts writes. Ends with a newline. */
export function rivalsTable(result) {
  const { promptTokens, decodeTokens, wllamaWebGpu } = result;
  const engines = result.engines.filter(({ turns }) => turns.length > 0);
  const all = engines.flatMap(({ turns }) => turns);
  const loads = all.map(({ loadAverage }) => loadAverage);
  const idlePage = spread(all.map(({ idlePageBytes }) => idlePageBytes / 1e6));
  const idleBoth = spread(all.map(({ idlePageAndGpuBytes }) => idlePageAndGpuBytes / 1e6));
  const rows = engines.map(({ name, version, turns }) => {
    const cold = turns.map(({ answers }) => answers[0]);
    const warm = turns.map(({ answers }) => answers[1]);
    return [
      `${LABEL[name] ?? name} ${version}`,
      spread(turns.map(({ loadMs }) => loadMs / 1000)),
      spread(cold.map(({ firstTokenMs }) => firstTokenMs / 1000)),
      spread(turns.map(({ loadMs, answers }) => (loadMs + answers[0].firstTokenMs) / 1000)),
      spread(warm.map(({ promptTokens: tokens, firstTokenMs }) => (tokens * 1000) / firstTokenMs)),
      spread(warm.map(({ restMs }) => (decodeTokens * 1000) / restMs)),
      spread(turns.map(({ pageBytes }) => pageBytes / 1e6)),
      spread(turns.map(({ pageAndGpuBytes }) => pageAndGpuBytes / 1e6)),
    ];
  });
  const head = [
    'engine',
    'load, s',
    'first token, cold, s',
    'both, s',
    'prefill, tokens/s',
    'decode, tokens/s',
    'page, MB',
    'page and GPU process, MB',
  ];
  const lines = [
    `${result.model}, ${result.browser}${result.software ? ' on SwiftShader' : ''}, ${result.date}; a prompt of about ` +
      `${promptTokens} tokens, ${decodeTokens} written. Median of the turns, least to most.`,
    `Load average ${spread(loads)}${result.onnx ? `; Transformers.js has ${result.onnx}` : ''}.`,
    `Before the load the page has ${idlePage} MB, with the GPU process ${idleBoth} MB.`,
    `wllama's WebGPU ${wllamaWebGpu.runs ? 'runs' : 'does not run here'}: ${wllamaWebGpu.log.join('; ') || 'its log says nothing of it'}.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
    ...result.engines
      .filter(({ failed }) => failed !== undefined)
      .map(({ name, failed }) => `${LABEL[name] ?? name} failed: ${failed.split('\n')[0]}`),
    ...engines.map(
      ({ name, turns }) =>
        `${LABEL[name] ?? name}, ${turns[0].answers[0].promptTokens} tokens: ${JSON.stringify(turns[0].answers[0].text)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
