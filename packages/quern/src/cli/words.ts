// Sizes, rates and times as people read them.

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} B`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return String(value);
}

export function seconds(value: number): string {
  if (value < 60) return `${Math.max(1, Math.round(value))} s`;
  const minutes = Math.floor(value / 60);
  const rest = String(Math.round(value % 60)).padStart(2, '0');
  return `${minutes}:${rest} min`;
}

/** Tokens a second; 0 where nothing was measured. */
export function perSecond(tokens: number, milliseconds: number): number {
  return milliseconds > 0 ? (tokens * 1000) / milliseconds : 0;
}

/** Rows in columns; numbers to the right. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const isNumeric = head.map((_, i) => rows.every((row) => /^[\d.]/.test(row[i]!)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |\n`;
  const rule = `| ${widths.map((width, i) => (isNumeric[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |\n`;
  return line(head) + rule + rows.map(line).join('');
}

const MAX_SHOWN = 100;

/** One line, and nothing in it that a terminal would obey: the file is a stranger's. */
export function plain(value: string): string {
  return value
    .replaceAll('\n', '\\n')
    .replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

export function short(value: string): string {
  const line = plain(value);
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}... (${value.length} characters)` : line;
}
