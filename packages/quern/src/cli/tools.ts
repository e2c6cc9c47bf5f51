// What a command works with, so that tests run it without a process, a GPU or files.

import type { ByteSource, InferenceEngine } from '@quern/spec';
import type { ModelReport } from '@quern/engine';
import type { LoadHooks } from '../api/load-hooks.ts';
import type { Models } from '../api/models.ts';
import type { LoadRequest } from '../wire/host-api.ts';

export interface ProcessMemory {
  /** JavaScript's heap and the buffers that it holds outside of it, in bytes. */
  scriptBytes: number;
  /** All of the process: on a software adapter, what is on its GPU too. */
  residentBytes: number;
}

export interface Tools {
  out(text: string): void;
  err(text: string): void;
  /** Whether stderr is a terminal, where one line can be written over. */
  interactive: boolean;
  signal: AbortSignal;
  load(request: LoadRequest, hooks: Required<LoadHooks>): Promise<InferenceEngine>;
  /** The files of what `request.model` names. */
  openFiles(request: LoadRequest): Promise<ByteSource[]>;
  /** `adapter`: within the limits of this machine's. */
  inspect(request: LoadRequest, options: { adapter: boolean; signal: AbortSignal }): Promise<ModelReport>;
  /** The cache. */
  models: Pick<Models, 'download' | 'list' | 'usage' | 'delete' | 'verify' | 'export'>;
  /** What this process holds now. */
  memory(): ProcessMemory;
  readText(path: string): Promise<string>;
  /** At the end of a file, which it makes where there is none. */
  appendText(path: string, text: string): Promise<void>;
  /** The commit that is checked out here, with '-dirty' where files differ from it; null outside of git. */
  commit(): Promise<string | null>;
  /** Writes a new file `name` in `folder`; nothing of it stays where that fails. Resolves to its path. */
  save(folder: string, name: string, bytes: ReadableStream<Uint8Array>): Promise<string>;
}

/** One file a command. */
export interface Command {
  usage: string;
  run(args: string[], tools: Tools): Promise<void>;
}
