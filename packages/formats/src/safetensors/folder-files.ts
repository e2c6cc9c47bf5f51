// The files beside the weights of a Hugging Face folder: found by name, read whole, parsed, never believed.

import { QuernError, type ByteSource } from '@quern/spec';
import { MAX_JSON_BYTES, MAX_TOKENIZER_BYTES } from './limits.ts';

export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The last part of a source's name: dropped folders give paths. */
export function fileName(source: ByteSource): string {
  return source.name.slice(source.name.lastIndexOf('/') + 1);
}

export class FolderFiles {
  readonly #byName = new Map<string, ByteSource>();

  constructor(sources: readonly ByteSource[]) {
    for (const source of sources) {
      const name = fileName(source);
      if (this.#byName.has(name)) {
        throw new QuernError(
          'invalid-request',
          `two files are called ${name}; give the files of one model only`,
        );
      }
      this.#byName.set(name, source);
    }
  }

  get(name: string): ByteSource | undefined {
    return this.#byName.get(name);
  }

  /** Undefined where there is none. Throws 'corrupt-file' for what is no text or far too long. */
  async text(name: string, signal?: AbortSignal): Promise<string | undefined> {
    const source = this.#byName.get(name);
    if (source === undefined) return undefined;
    const most = name === 'tokenizer.json' ? MAX_TOKENIZER_BYTES : MAX_JSON_BYTES;
    if (source.byteLength > most) {
      throw new QuernError(
        'corrupt-file',
        `${name} has ${source.byteLength} bytes; ${most} are the most that is read of it`,
      );
    }
    const bytes = await source.read(0, source.byteLength, signal);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      throw new QuernError('corrupt-file', `${name} is not UTF-8 text`, { cause: error });
    }
  }

  /** A JSON object; undefined where there is no such file. Throws 'corrupt-file' for anything else. */
  async json(name: string, signal?: AbortSignal): Promise<Json | undefined> {
    const text = await this.text(name, signal);
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new QuernError('corrupt-file', `${name} is not JSON: ${String(error).slice(0, 120)}`, {
        cause: error,
      });
    }
    if (isJson(value)) return value;
    throw new QuernError('corrupt-file', `${name} is not a JSON object`);
  }
}
