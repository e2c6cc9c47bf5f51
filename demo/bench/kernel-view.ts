// Time per kernel of one step: bars, and how near each kernel comes to the memory and the arithmetic.
import type { KernelTiming, Roofline } from '../load/engine.ts';
import { element } from '../look/element.ts';
import { milliseconds } from '../look/format.ts';

export function kernelView(title: string, timings: readonly KernelTiming[]): HTMLElement {
  const sorted = [...timings].sort((a, b) => b.microseconds - a.microseconds);
  const all = sorted.reduce((sum, kernel) => sum + kernel.microseconds, 0);
  const dispatches = sorted.reduce((sum, kernel) => sum + kernel.dispatches, 0);
  const most = sorted[0]?.microseconds ?? 1;
  const body = element('tbody');
  for (const kernel of sorted) {
    const bar = element('span', { class: 'bar' });
    bar.style.width = `${(100 * kernel.microseconds) / most}%`;
    const seconds = kernel.microseconds / 1e6;
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, kernel.kernel, bar),
        cell(String(kernel.dispatches), 'muted'),
        cell(milliseconds(kernel.microseconds / 1000)),
        cell(`${((100 * kernel.microseconds) / all).toFixed(1)} %`),
        cell(perSecond(kernel.bytes, seconds), 'muted'),
        cell(perSecond(kernel.flops, seconds), 'muted'),
        cell(shareOfLimit(kernel)),
      ),
    );
  }
  const head = ['Kernel', 'Calls', 'Time', 'Share', 'GB/s', 'GFLOP/s', 'Of the roofline'].map(
    (name, column) => element('th', { scope: 'col', class: column > 0 ? 'figure' : undefined }, name),
  );
  return element(
    'div',
    {},
    element('h3', {}, `${title}: ${milliseconds(all / 1000)}, ${dispatches} dispatches`),
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), body),
  );
}

/** What the kernels are held against. */
export function rooflineView(limits: Roofline): HTMLElement {
  const figures = [
    `${(limits.bytesPerSecond / 1e9).toFixed(1)} GB/s copied`,
    `${(limits.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s`,
    `${limits.dispatchMicroseconds.toFixed(1)} µs a dispatch`,
    `${milliseconds(limits.readbackMilliseconds)} to read back`,
  ];
  return element('p', { class: 'muted small' }, `This adapter, measured: ${figures.join(' · ')}`);
}

function cell(text: string, kind = ''): HTMLElement {
  return element('td', { class: `figure ${kind}`.trim() }, text);
}

/** What the adapter's limits leave of the time. Above 1, bytes came from a cache or are miscounted: no figure. */
function shareOfLimit({ leastMicroseconds, microseconds }: KernelTiming): string {
  const share = (leastMicroseconds ?? Infinity) / microseconds;
  return share <= 1 ? `${(100 * share).toFixed(0)} %` : '–';
}

/** In units of 1e9 per second. */
function perSecond(amount: number, seconds: number): string {
  const giga = amount / seconds / 1e9;
  return Number.isFinite(giga) ? giga.toFixed(giga < 10 ? 2 : 0) : '–';
}
