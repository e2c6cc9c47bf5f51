// Small values that a later visit would otherwise find out anew, such as what was measured of an adapter.

export interface KeptValues {
  /** Anything, as whoever has the storage may have written it; undefined where there is none. Throws 'storage-error'. */
  get(key: string): Promise<unknown>;
  /** `value`: what JSON can say. Throws 'storage-error', 'storage-full'. */
  put(key: string, value: unknown): Promise<void>;
}

/** When there are more, all go: each is found out anew when it is needed. */
export const MOST_KEPT = 64;
