// The one progress event: everything slow reports through it.

/** 'download' and 'verify' belong to the cache alone, the others to a load, in this order. */
export type LoadPhase = 'open' | 'weights' | 'compile' | 'ready' | 'download' | 'verify';

export interface Progress {
  phase: LoadPhase;
  /** Bytes done and bytes in all (0 while unknown), of all files. */
  loaded: number;
  total: number;
  /** The file the latest bytes belong to, and how far it is. */
  file: string;
  fileLoaded: number;
  fileTotal: number;
  from: 'network' | 'cache' | 'file';
  bytesPerSecond: number;
  /** Undefined until there is a rate. */
  secondsLeft?: number;
}
