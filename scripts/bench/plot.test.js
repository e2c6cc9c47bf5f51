import { expect, test } from 'vitest';
import { plot } from './plot.js';

const chart = (scale, lines) => ({ title: 'a < b', scale, x: 'tokens', y: 'ms', lines });
const figures = (charts) => ({ adapter: 'one & only', date: '2026-11-21T', load: [1, 2], cores: 2, charts });

/** Places of the circles that have a radius of points, without those of the legend. */
function dots(svg) {
  return [...svg.matchAll(/<circle class="c0" cx="([\d.]+)" cy="([\d.]+)" r="3"><\/circle>/g)].map(
    (match) => [Number(match[1]), Number(match[2])],
  );
}

test('a logarithmic chart puts equal ratios at equal distances, and the limit beneath', () => {
  const points = [1, 10, 100].map((x) => ({ x, y: 3 * x, limit: x }));
  const svg = plot(figures([chart('log', [{ name: 'q', points }])]));
  const [a, b, c] = dots(svg);
  expect(b[0] - a[0]).toBeCloseTo(c[0] - b[0], 0);
  expect(a[1] - b[1]).toBeCloseTo(b[1] - c[1], 0);
  const [, limit] = /class="limit c0" d="M[\d.]+ ([\d.]+)/.exec(svg);
  expect(Number(limit)).toBeGreaterThan(a[1]);
});

test('a linear chart begins at nothing, and text is escaped', () => {
  const svg = plot(figures([chart('linear', [{ name: 'q', points: [0, 5, 10].map((x) => ({ x, y: x })) }])]));
  const [a, b, c] = dots(svg);
  expect(a).toEqual([62, 254]); // the corner
  expect(b[0] - a[0]).toBeCloseTo(c[0] - b[0], 0);
  expect(svg).toContain('a &#60; b');
  expect(svg).toContain('one &#38; only');
  expect(svg).not.toMatch(/NaN|undefined/);
});
