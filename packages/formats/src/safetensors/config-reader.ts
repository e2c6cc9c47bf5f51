// config.json's values, each checked as it is read: absent or null is undefined, another kind is an error.

import { QuernError } from '@quern/spec';
import { isJson, type Json } from './folder-files.ts';

export class ConfigReader {
  readonly json: Json;

  constructor(json: Json) {
    this.json = json;
  }

  number(...keys: readonly string[]): number | undefined {
    return this.#first(keys, 'a finite number', (value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    );
  }

  count(...keys: readonly string[]): number | undefined {
    return this.#first(keys, 'a whole number of at least 0', (value) =>
      Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined,
    );
  }

  flag(key: string): boolean | undefined {
    return this.#first([key], 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  string(...keys: readonly string[]): string | undefined {
    return this.#first(keys, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  strings(key: string): readonly string[] | undefined {
    return this.#first([key], 'a list of strings', (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined,
    );
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#first([key], 'a list of finite numbers', (value) =>
      Array.isArray(value) && value.every(Number.isFinite) ? (value as number[]) : undefined,
    );
  }

  object(key: string): ConfigReader | undefined {
    const json = this.#first([key], 'an object', (value) => (isJson(value) ? value : undefined));
    return json && new ConfigReader(json);
  }

  /** The first of `keys` that says anything. Throws 'corrupt-file' if that is not what was wanted. */
  #first<T>(
    keys: readonly string[],
    wanted: string,
    convert: (value: unknown) => T | undefined,
  ): T | undefined {
    for (const key of keys) {
      const value = Object.hasOwn(this.json, key) ? this.json[key] : undefined;
      if (value === undefined || value === null) continue;
      const converted = convert(value);
      if (converted !== undefined) return converted;
      throw new QuernError(
        'corrupt-file',
        `config.json: ${key} is ${String(JSON.stringify(value)).slice(0, 80)}; expected ${wanted}`,
      );
    }
    return undefined;
  }
}
