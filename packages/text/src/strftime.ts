// Python's strftime in the C locale, for templates that write today's date. English names whatever the
// browser speaks, because that is what models were trained on.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
// prettier-ignore
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
];

/** `%-d` and the like drop leading zeros; unknown codes stay as they are. Local time. */
export function formatTime(date: Date, format: string): string {
  const month = MONTHS[date.getMonth()] ?? '';
  const day = DAYS[date.getDay()] ?? '';
  const hour = date.getHours();
  const startOfYear = Date.UTC(date.getFullYear(), 0, 1);
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Record<string, string> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    B: month,
    b: month.slice(0, 3),
    d: two(date.getDate()),
    A: day,
    a: day.slice(0, 3),
    j: String((today - startOfYear) / 86_400_000 + 1).padStart(3, '0'),
    H: two(hour),
    I: two(hour % 12 || 12),
    p: hour < 12 ? 'AM' : 'PM',
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    '%': '%',
  };
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, dash: string, code: string) => {
    const part = Object.hasOwn(parts, code) ? parts[code] : undefined;
    if (part === undefined) return whole;
    return dash === '' ? part : part.replace(/^0+(?=\d)/, '');
  });
}
