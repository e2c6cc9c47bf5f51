// The one progress event: everything slow reports through it.

export type LoadPhase = 'open' | 'weights' | 'compile' | 'ready';

export interface Progress {
  phase: LoadPhase;
  /** Bytes done and bytes in all (0 while unknown). */
  loaded: number;
  total: number;
  /** The file the bytes belong to. */
  file: string;
  from: 'network' | 'cache' | 'file';
  bytesPerSecond: number;
  /** Undefined until there is a rate. */
  secondsLeft?: number;
}
