// What a step's end does to the step, the counts and the records, in f64.

export interface AdvanceState {
  rows: Array<{ token: number; position: number; slot: number }>;
  /** By slot, by id. */
  counts: number[][];
}

/** Changes `state`; returns the logprobs of each live row's top list, [live, k]. */
export function advanceRef(
  state: AdvanceState,
  live: number,
  chosen: ArrayLike<number>,
  norms: ArrayLike<number>,
  topValues: ArrayLike<number>,
  k: number,
): number[][] {
  const lists: number[][] = [];
  for (let r = 0; r < live; r++) {
    const row = state.rows[r]!;
    row.token = chosen[r]!;
    row.position += 1;
    state.counts[row.slot]![row.token]! += 1;
    lists.push(
      Array.from({ length: k }, (_, i) => topValues[r * k + i]! - norms[2 * r]! - norms[2 * r + 1]!),
    );
  }
  return lists;
}
