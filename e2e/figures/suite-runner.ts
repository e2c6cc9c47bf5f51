// As much of Vitest as the kernel tests use, so that they run from one bundled file on a machine that has nothing but
// Node and Dawn. The bundler of `npm run build:bench` puts it in Vitest's place.
import { deepStrictEqual } from 'node:assert';
import { format } from 'node:util';

type Run = (context: TestContext) => unknown;

interface TestContext {
  skip(reason: string): never;
}

interface Test {
  name: string;
  run: Run;
  /** From the outermost scope inwards. */
  scopes: Scope[];
}

interface Scope {
  name: string;
  beforeAll: Run[];
  beforeEach: Run[];
  begun: boolean;
}

const tests: Test[] = [];
let scopes: Scope[] = [];

const newScope = (name: string): Scope => ({ name, beforeAll: [], beforeEach: [], begun: false });

/** What is declared from here on belongs to that file. */
export function startFile(path: string): void {
  scopes = [newScope(path)];
}

export const beforeAll = (run: Run) => void scopes.at(-1)!.beforeAll.push(run);
export const beforeEach = (run: Run) => void scopes.at(-1)!.beforeEach.push(run);
export const test = Object.assign((name: string, run: Run) => void tests.push({ name, run, scopes }), {
  each: each((name, run) => test(name, run)),
});
export const describe = Object.assign(
  (name: string, declare: () => unknown) => {
    const outer = scopes;
    scopes = [...outer, newScope(name)];
    declare();
    scopes = outer;
  },
  { each: each((name, declare) => describe(name, declare as () => unknown)) },
);
export const it = test;

function each(add: (name: string, run: Run) => void) {
  return (rows: readonly unknown[]) => (name: string, run: (...row: unknown[]) => unknown) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? (row as unknown[]) : [row];
      add(titleOf(name, values), () => run(...values));
    }
  };
}

function titleOf(name: string, values: readonly unknown[]): string {
  const placeholders = name.match(/%[sidof]/g)?.length ?? 0;
  const filled = format(name, ...values.slice(0, placeholders));
  const [first] = values as [Record<string, unknown> | undefined];
  return filled.replace(/\$(\w+)/g, (word, key: string) => String(first?.[key] ?? word));
}

class Skipped extends Error {}
const context: TestContext = {
  skip(reason) {
    throw new Skipped(reason);
  },
};

/** Runs what was declared, in its order. */
export async function runTests(
  say: (what: string) => void,
): Promise<{ passed: number; failed: number; skipped: number }> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run, scopes: around } of tests) {
    const title = [...around.map((scope) => scope.name), name].join(' > ');
    const begun = performance.now();
    try {
      for (const scope of around) {
        if (!scope.begun) for (const before of scope.beforeAll) await before(context);
        scope.begun = true;
      }
      for (const scope of around) for (const before of scope.beforeEach) await before(context);
      await run(context);
      counts.passed++;
      say(`ok      ${title} (${(performance.now() - begun).toFixed(0)} ms)`);
    } catch (error) {
      const skipped = error instanceof Skipped;
      counts[skipped ? 'skipped' : 'failed']++;
      say(
        `${skipped ? 'skipped' : 'FAILED '} ${title}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return counts;
}

export function expect(actual: unknown, what = '') {
  return {
    ...matchers(actual, what, false),
    not: matchers(actual, what, true),
    rejects: {
      async toThrow(expected?: RegExp | string) {
        const error = await Promise.resolve(actual).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        hold(error !== undefined && says(error, expected), `${what} rejects with ${String(expected)}`, error);
      },
    },
  };
}

function matchers(actual: unknown, what: string, not: boolean) {
  const number = actual as number;
  const check = (isSo: boolean, claim: string) =>
    hold(isSo !== not, `${what} ${not ? 'not ' : ''}${claim}`, actual);
  return {
    toBe: (expected: unknown) => check(Object.is(actual, expected), `is ${String(expected)}`),
    toEqual: (expected: unknown) => check(areEqual(actual, expected), `equals ${format('%j', expected)}`),
    toBeNaN: () => check(Number.isNaN(actual), 'is NaN'),
    toBeCloseTo: (expected: number, digits = 2) =>
      check(Math.abs(number - expected) < 10 ** -digits / 2, `is close to ${expected}`),
    toBeGreaterThan: (expected: number) => check(number > expected, `is above ${expected}`),
    toBeGreaterThanOrEqual: (expected: number) => check(number >= expected, `is at least ${expected}`),
    toBeLessThan: (expected: number) => check(number < expected, `is below ${expected}`),
    toBeLessThanOrEqual: (expected: number) => check(number <= expected, `is at most ${expected}`),
    toContain: (expected: unknown) =>
      check(
        (actual as { includes(part: unknown): boolean }).includes(expected),
        `contains ${String(expected)}`,
      ),
    toThrow(expected?: RegExp | string) {
      let error: unknown;
      try {
        (actual as () => unknown)();
      } catch (thrown) {
        error = thrown;
      }
      check(error !== undefined && says(error, expected), `throws ${String(expected)}`);
    },
  };
}

function hold(isSo: boolean, claim: string, actual: unknown): void {
  if (!isSo) throw new Error(`expected that it ${claim.trim()}; it is ${format('%j', actual).slice(0, 200)}`);
}

function says(error: unknown, expected: RegExp | string | undefined): boolean {
  const message = error instanceof Error ? error.message : String(error);
  if (expected === undefined) return true;
  return typeof expected === 'string' ? message.includes(expected) : expected.test(message);
}

/** As Vitest has it: undefined fields count for nothing, and typed arrays are compared by their values. */
function areEqual(actual: unknown, expected: unknown): boolean {
  try {
    deepStrictEqual(plain(actual), plain(expected));
    return true;
  } catch {
    return false;
  }
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return [value.constructor.name, ...(value as unknown as Iterable<number>)];
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map || value instanceof Set) return [...value].map(plain);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]));
}
