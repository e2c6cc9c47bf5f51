// Charts of `npm run bench -- --growth` as one SVG, for light and dark pages: measured costs as dots with their spread, and
// dashed the least that the roofline of the same run allows.

const PANEL = { width: 460, height: 300, left: 62, right: 14, top: 40, bottom: 46 };
const COLUMNS = 2;
const COLOURS = 6;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #3b3630; }
  .title { font-weight: 600; font-size: 13px; }
  .muted { fill: #6f675d; font-size: 11px; }
  .back { fill: #faf8f4; }
  .grid { stroke: #e2ddd4; fill: none; }
  .line { fill: none; stroke-width: 1.8; }
  .limit { fill: none; stroke-width: 1.5; stroke-dasharray: 4 4; opacity: 0.75; }
  .c0 { stroke: #a2521c; fill: #a2521c; } .c1 { stroke: #1f6f8b; fill: #1f6f8b; }
  .c2 { stroke: #4f7a28; fill: #4f7a28; } .c3 { stroke: #7a4a9a; fill: #7a4a9a; }
  .c4 { stroke: #a3273f; fill: #a3273f; } .c5 { stroke: #6b6b6b; fill: #6b6b6b; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8e2d8; } .muted { fill: #a79f93; } .back { fill: #161412; } .grid { stroke: #35302a; }
    .c0 { stroke: #e39a5b; fill: #e39a5b; } .c1 { stroke: #6fc0dc; fill: #6fc0dc; }
    .c2 { stroke: #a3d077; fill: #a3d077; } .c3 { stroke: #c79be6; fill: #c79be6; }
    .c4 { stroke: #ef8296; fill: #ef8296; } .c5 { stroke: #b5b5b5; fill: #b5b5b5; }
  }
  .line, .limit { fill: none; }
`;

/** `figures`: as e2e/figures/charts.ts has them. */
export function plot({ adapter, date, load, cores, charts }) {
  const rows = Math.ceil(charts.length / COLUMNS);
  const [width, height] = [COLUMNS * PANEL.width, rows * PANEL.height + 42];
  const loads = load.map((n) => n.toFixed(1)).join(' to ');
  const about = [
    `${adapter}, ${date.slice(0, 10)}, ${cores} cores, load average ${loads}.`,
    'Dots: measured, the median and the spread. Dashed: the least that the roofline of the same run allows.',
  ].map((line, i) => caption(line, height - 26 + 16 * i));
  const panels = charts.map((chart, i) => {
    const at = `${(i % COLUMNS) * PANEL.width},${Math.floor(i / COLUMNS) * PANEL.height}`;
    return `<g transform="translate(${at})">${panel(chart)}</g>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Growth of costs">\n` +
    `<style>${STYLE}</style>\n<rect class="back" width="${width}" height="${height}"/>\n${panels.join('\n')}\n` +
    `${about.join('\n')}\n</svg>\n`
  );
}

const caption = (line, y) => `<text class="muted" x="${PANEL.left}" y="${y}">${escape(line)}</text>`;

function panel(chart) {
  const points = chart.lines.flatMap((line) => line.points);
  const ys = points.flatMap(({ y, low = y, high = y, limit = y }) => [y, low, high, limit]);
  const x = axis(
    points.map((point) => point.x),
    chart.scale,
    [PANEL.left, PANEL.width - PANEL.right],
  );
  const y = axis(ys, chart.scale, [PANEL.height - PANEL.bottom, PANEL.top]);
  const [left, right] = [PANEL.left, PANEL.width - PANEL.right];
  const [top, bottom] = [PANEL.top, PANEL.height - PANEL.bottom];
  return [
    `<text class="title" x="${left}" y="18">${escape(chart.title)}</text>`,
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${left} ${y.at(tick)}H${right}"/>` +
        `<text class="muted" x="${left - 6}" y="${y.at(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...x.ticks.map(
      (tick) =>
        `<path class="grid" d="M${x.at(tick)} ${bottom}v4"/>` +
        `<text class="muted" x="${x.at(tick)}" y="${bottom + 17}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `<text class="muted" x="${(left + right) / 2}" y="${bottom + 33}" text-anchor="middle">${escape(chart.x)}</text>`,
    `<text class="muted" x="${left - 6}" y="${top - 8}" text-anchor="end">${escape(chart.y)}</text>`,
    ...chart.lines.map((line, i) => series(line, i % COLOURS, x, y)),
    ...chart.lines.map(
      ({ name }, i) =>
        `<circle class="c${i % COLOURS}" cx="${left + 12}" cy="${top + 8 + 16 * i}" r="3"/>` +
        `<text x="${left + 21}" y="${top + 12 + 16 * i}">${escape(name)}</text>`,
    ),
  ].join('\n');
}

function series({ points }, colour, x, y) {
  const path = (of) => {
    const known = points.filter((point) => of(point) !== undefined);
    return known.map((point, i) => `${i === 0 ? 'M' : 'L'}${x.at(point.x)} ${y.at(of(point))}`).join('');
  };
  return [
    `<path class="limit c${colour}" d="${path((point) => point.limit)}"/>`,
    `<path class="line c${colour}" d="${path((point) => point.y)}"/>`,
    ...points.map((point) => {
      const { low = point.y, high = point.y } = point;
      const title = point.note ? `<title>${escape(point.note)}</title>` : '';
      return (
        `<path class="line c${colour}" d="M${x.at(point.x)} ${y.at(low)}V${y.at(high)}"/>` +
        `<circle class="c${colour}" cx="${x.at(point.x)}" cy="${y.at(point.y)}" r="3">${title}</circle>`
      );
    }),
  ].join('');
}

/** Values to places: linear from nothing, or by decades. */
function axis(values, scale, [start, end]) {
  const largest = Math.max(...values);
  const place = (share) => Math.round((start + share * (end - start)) * 10) / 10;
  if (scale === 'linear') {
    const step = niceStep(largest / 5);
    const top = Math.ceil((largest * 1.02) / step) * step;
    const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
    return { at: (value) => place(value / top), ticks };
  }
  const [low, high] = [Math.log10(Math.min(...values)) - 0.08, Math.log10(largest) + 0.08];
  const ticks = [];
  // Narrow axes have ticks at 1, 2 and 5, wide ones at decades.
  const parts = high - low < 2.2 ? [1, 2, 5] : [1];
  for (let decade = Math.floor(low); decade <= high; decade++) {
    for (const part of parts) {
      const tick = part * 10 ** decade;
      if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
    }
  }
  return { at: (value) => place((Math.log10(value) - low) / (high - low)), ticks };
}

function niceStep(least) {
  const decade = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((part) => part * decade).find((step) => step >= least);
}

function short(value) {
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

function escape(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);
}
