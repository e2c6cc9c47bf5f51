// Figures of several turns in one cell.

/** 'median (least-most)', three digits each. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return `${digits(median(sorted))} (${digits(sorted[0])}-${digits(sorted.at(-1))})`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Three digits, or all of a large number's whole ones. */
export function digits(value) {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** A row of a table in Markdown. */
export function line(cells) {
  return `| ${cells.join(' | ')} |`;
}
