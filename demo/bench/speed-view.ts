// Speed: the two figures that people ask for, large, and every row beneath.
import type { BenchRow, Numerics } from '../load/engine.ts';
import { element } from '../look/element.ts';
import { median, rate } from '../look/format.ts';

/** Rows of fast numerics say so. */
export function speedView(rows: readonly BenchRow[], numerics: Numerics = 'exact'): HTMLElement {
  const large = element('div', { class: 'figures' });
  for (const test of ['prefill', 'decode'] as const) {
    // The longest prompt, and writing from the start.
    const row =
      test === 'prefill' ? rows.findLast((row) => row.test === test) : rows.find((row) => row.test === test);
    if (row) large.append(figure(rate(median(row.tokensPerSecond)), labelOf(row, numerics)));
  }
  return element('div', {}, large, speedTable(rows, numerics));
}

export function speedTable(rows: readonly BenchRow[], numerics: Numerics = 'exact'): HTMLElement {
  const body = element('tbody');
  const hasSteps = rows.some(({ step }) => step);
  for (const row of rows) {
    const { tokensPerSecond: speeds } = row;
    const spread = speeds.length > 1 ? `${rate(Math.min(...speeds))} – ${rate(Math.max(...speeds))}` : '–';
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, labelOf(row, numerics)),
        element('td', { class: 'figure' }, rate(median(speeds))),
        element('td', { class: 'figure muted' }, spread),
        ...(hasSteps ? stepCells(row) : []),
      ),
    );
  }
  const titles = [
    'Test',
    'Tokens/s',
    'Least – most',
    ...(hasSteps ? ['Dispatches', 'Script', 'Of the line'] : []),
  ];
  const head = titles.map((name, column) =>
    element('th', { scope: 'col', class: column > 0 ? 'figure' : undefined }, name),
  );
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), body);
}

/** Dispatches of a token, the script's time to encode and submit them, and how near the row is to its line. */
function stepCells({ step, line, tokensPerSecond }: BenchRow): HTMLElement[] {
  const share = line === undefined ? '–' : `${((100 * median(tokensPerSecond)) / line).toFixed(0)} %`;
  const texts = step ? [String(step.dispatches), `${step.scriptMicroseconds.toFixed(0)} µs`] : ['–', '–'];
  return [...texts, share].map((text) => element('td', { class: 'figure muted' }, text));
}

/** 'Prompt of 128', 'Writing 64', 'Writing 64 after 512', 'Writing 64, fast'. */
export function labelOf({ test, tokens, depth }: BenchRow, numerics: Numerics = 'exact'): string {
  const what = test === 'prefill' ? `Prompt of ${tokens}` : `Writing ${tokens}`;
  return `${what}${depth > 0 ? ` after ${depth}` : ''}${numerics === 'fast' ? ', fast' : ''}`;
}

function figure(value: string, label: string): HTMLElement {
  const unit = element('span', { class: 'muted small' }, `tokens/s · ${label.toLowerCase()}`);
  return element('div', {}, element('strong', {}, value), unit);
}
