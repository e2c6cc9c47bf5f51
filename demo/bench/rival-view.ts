// The card that sets Transformers.js beside Quern: it loads nothing before its button is pressed.
import { failureNotice } from '../load/failure.ts';
import { element } from '../look/element.ts';
import { median, milliseconds, rate } from '../look/format.ts';
import type { BenchReport, BenchSettings, RivalReport } from './report.ts';
import type { RivalRequest } from './rival.ts';
import { labelOf } from './speed-view.ts';

const DEFAULT_MODEL = 'HuggingFaceTB/SmolLM2-135M-Instruct';

/** `settings` are those of Quern's own run; `onDone` gets the finished report. */
export function rivalView(options: {
  report: BenchReport;
  settings: BenchSettings;
  model: string | null;
  onDone: (rival: RivalReport) => void;
}): HTMLElement {
  const model = element('input', {
    type: 'text',
    value: options.model ?? DEFAULT_MODEL,
    'aria-label': 'ONNX model: hub id or URL of its folder',
  });
  const dtype = element('select', { 'aria-label': 'Weights' });
  for (const type of ['q4', 'q4f16', 'fp16', 'fp32']) dtype.append(element('option', {}, type));
  const start = element('button', { type: 'submit' }, 'Run Transformers.js');
  const status = element('p', { class: 'muted small', role: 'status' });
  const result = element('div');
  const form = element('form', { class: 'rival-form' }, model, element('div', {}, dtype), start);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    start.disabled = true;
    result.replaceChildren();
    try {
      const { measureRival } = await import('./rival.ts');
      const rival = await measureRival({
        model: model.value.trim(),
        dtype: dtype.value as RivalRequest['dtype'],
        settings: options.settings,
        signal: new AbortController().signal,
        onStep: (what) => (status.textContent = what),
      });
      result.replaceChildren(comparison(options.report, rival));
      options.onDone(rival);
    } catch (error) {
      result.replaceChildren(failureNotice(rivalFailure(error, model.value)));
    } finally {
      status.textContent = '';
      start.disabled = false;
    }
  });
  const text = element(
    'p',
    { class: 'muted small' },
    'The same model as an ONNX export, on onnxruntime-web’s WebGPU. Pressing the button fetches about 27 MB of ' +
      'wasm from this server, and the model from the hub or from a URL of yours.',
  );
  return element('div', { class: 'rival' }, text, form, status, result);
}

function rivalFailure(error: unknown, model: string) {
  const message = error instanceof Error ? error.message : String(error);
  const unreachable = /fetch|network|load/i.test(message);
  return {
    code: unreachable ? 'network' : 'rival-failed',
    message: `Transformers.js could not run ${model}: ${message}`,
    advice: unreachable
      ? 'Is the Hugging Face hub in reach? A URL of a folder with config.json, tokenizer.json and onnx/ works too.'
      : 'Try other weights (q4 is the smallest), or another model.',
  };
}

function comparison(report: BenchReport, rival: RivalReport): HTMLElement {
  const body = element('tbody');
  const load = report.info?.timings.loadMs;
  body.append(line('Load', load === undefined ? '–' : milliseconds(load), milliseconds(rival.loadMs)));
  for (const row of rival.rows) {
    const ours = report.rows.find(
      ({ test, tokens, depth }) => test === row.test && tokens === row.tokens && depth === row.depth,
    );
    const name = `${labelOf(row)}, tokens/s`;
    body.append(
      line(name, ours ? rate(median(ours.tokensPerSecond)) : '–', rate(median(row.tokensPerSecond))),
    );
  }
  const head = ['', 'Quern', 'Transformers.js'].map((name, column) =>
    element('th', { scope: 'col', class: column > 0 ? 'figure' : undefined }, name),
  );
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), body);
}

function line(name: string, ours: string, theirs: string): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, name),
    element('td', { class: 'figure' }, ours),
    element('td', { class: 'figure' }, theirs),
  );
}
