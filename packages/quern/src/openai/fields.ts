// Reads one field at a time from a request that nobody has checked. Null counts as absent, as at
// OpenAI. Every refusal names the parameter, what was found and what would work.

import { QuernError } from '@quern/spec';

export type Fields = Readonly<Record<string, unknown>>;

/** Says why a value cannot be served, or undefined where it can. */
export type Refusal = (value: unknown) => string | undefined;

export function refuse(message: string): never {
  throw new QuernError('invalid-request', message);
}

/** A value in a message: short, and never a whole document. */
export function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? kind(value)
        : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function kind(value: object | null): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}

export function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(`${what} must be an object, not ${show(value)}.`);
  }
  return value as Fields;
}

/** Throws 'invalid-request' for a parameter that is neither known nor refused with a reason of its own. */
export function checkNames(
  fields: Fields,
  known: readonly string[],
  refusals: Readonly<Record<string, Refusal>>,
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null || known.includes(name)) continue;
    if (!Object.hasOwn(refusals, name)) {
      refuse(`Unknown parameter '${name}'. Known are: ${known.toSorted().join(', ')}.`);
    }
    const reason = refusals[name]!(value);
    if (reason !== undefined) refuse(`'${name}': ${reason}`);
  }
}

export function readNumber(
  fields: Fields,
  name: string,
  range: { min: number; max: number; integer?: boolean; above?: boolean },
): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const inRange =
    typeof value === 'number' &&
    (range.above ? value > range.min : value >= range.min) &&
    value <= range.max &&
    (!range.integer || Number.isInteger(value));
  if (inRange) return value;
  const from = range.above ? `over ${range.min}` : `from ${range.min}`;
  const to = range.max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${range.max}`;
  refuse(
    `'${name}' must be ${range.integer ? 'a whole number' : 'a number'} ${from} ${to}, not ${show(value)}.`,
  );
}

export function readBoolean(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') refuse(`'${name}' must be true or false, not ${show(value)}.`);
  return value;
}
