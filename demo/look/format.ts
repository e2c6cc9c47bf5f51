// Numbers as people read them.

/** 98362432 -> '98.4 MB' (powers of 1000, as file managers and networks count). */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 'B';
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Whole seconds, or minutes: '5 s', '2 min 10 s'. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** 1234.5 ms -> '1.23 s'; 12.34 ms -> '12 ms'; 0.04 ms -> '40 µs'. */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 0.1) return `${Math.round(ms * 1000)} µs`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Tokens per second: three figures are enough. */
export function rate(tokensPerSecond: number): string {
  if (!Number.isFinite(tokensPerSecond)) return '–';
  return tokensPerSecond < 10
    ? tokensPerSecond.toFixed(2)
    : tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0);
}

/** 134515008 -> '134.5 M'. */
export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} B`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  return value.toLocaleString('en');
}

/** When, as short as it is clear on the day `now`: '14:05', 'yesterday', '3 Nov', '3 Nov 2025'. */
export function moment(time: number, now = Date.now()): string {
  const then = new Date(time);
  const today = new Date(now);
  const days = Math.round(
    (new Date(now).setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (days <= 0) return then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (days === 1) return 'yesterday';
  const year = then.getFullYear() === today.getFullYear() ? undefined : ('numeric' as const);
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year });
}

/** The middle value; the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
