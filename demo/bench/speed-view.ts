// Speed: the two figures that people ask for, large, and every row beneath.
import type { BenchRow } from '../load/engine.ts';
import { element } from '../look/element.ts';
import { median, rate } from '../look/format.ts';

export function speedView(rows: readonly BenchRow[]): HTMLElement {
  const large = element('div', { class: 'figures' });
  for (const test of ['prefill', 'decode'] as const) {
    const row = rows.findLast((row) => row.test === test);
    if (row) large.append(figure(rate(median(row.tokensPerSecond)), labelOf(row)));
  }
  return element('div', {}, large, speedTable(rows));
}

export function speedTable(rows: readonly BenchRow[]): HTMLElement {
  const body = element('tbody');
  for (const row of rows) {
    const { tokensPerSecond: speeds } = row;
    const spread = speeds.length > 1 ? `${rate(Math.min(...speeds))} – ${rate(Math.max(...speeds))}` : '–';
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, labelOf(row)),
        element('td', { class: 'figure' }, rate(median(speeds))),
        element('td', { class: 'figure muted' }, spread),
      ),
    );
  }
  const head = ['Test', 'Tokens/s', 'Least – most'].map((name, column) =>
    element('th', { scope: 'col', class: column > 0 ? 'figure' : undefined }, name),
  );
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), body);
}

function labelOf(row: BenchRow): string {
  return row.test === 'prefill' ? `Prompt of ${row.tokens}` : `Writing ${row.tokens}`;
}

function figure(value: string, label: string): HTMLElement {
  const unit = element('span', { class: 'muted small' }, `tokens/s · ${label.toLowerCase()}`);
  return element('div', {}, element('strong', {}, value), unit);
}
