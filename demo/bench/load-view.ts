// Load: where the time before the first token goes, as one bar and its parts.
import { element } from '../look/element.ts';
import { bytes, milliseconds } from '../look/format.ts';
import type { BenchReport } from './report.ts';

export function loadView(report: BenchReport): HTMLElement {
  const { info, firstTokenMs } = report;
  if (!info) return element('div');
  const { timings, memory } = info;
  const origin = timings.bytesFetched > 0 ? `${bytes(timings.bytesFetched)} over the network` : 'no network';
  // The parts of the bar make the whole; what went on beside them is told in the notes.
  const afterLast = Math.max(0, timings.loadMs - timings.lastByteMs);
  const beside = `kernels ${milliseconds(timings.compileMs)} and tokenizer ${milliseconds(timings.textMs)} beside it`;
  const upload = milliseconds(timings.uploadMs - timings.lastByteMs);
  const parts: Array<[string, number, string]> = [
    ['Open', timings.openMs, 'header, device, room on the GPU'],
    [
      'Weights',
      Math.max(0, timings.lastByteMs - timings.openMs),
      `${bytes(memory.weightBytes)} for the GPU, ${origin}; ${beside}`,
    ],
    [
      'After the last byte',
      afterLast,
      `upload ${upload}, samples read back ${milliseconds(timings.verifyMs)}, the rest of the kernels`,
    ],
    ['First token', firstTokenMs ?? 0, 'of a prompt of one token'],
  ];
  const bar = element('div', { class: 'split', 'aria-hidden': 'true' });
  const body = element('tbody');
  parts.forEach(([name, ms, note], index) => {
    const piece = element('span', { class: `part-${index}` });
    piece.style.flexGrow = String(Math.max(ms, 0));
    bar.append(piece);
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, element('span', { class: `swatch part-${index}` }), name),
        element('td', { class: 'muted small' }, note),
        element('td', { class: 'figure' }, milliseconds(ms)),
      ),
    );
  });
  const all = timings.loadMs + (firstTokenMs ?? 0);
  const large = element(
    'div',
    { class: 'figures' },
    element('div', {}, element('strong', {}, milliseconds(all)), LABEL()),
  );
  return element('div', {}, large, bar, element('table', {}, body));
}

const LABEL = () => element('span', { class: 'muted small' }, 'from nothing to the first token');
