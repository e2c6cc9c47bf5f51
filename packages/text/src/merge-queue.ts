// A binary heap of candidate merges: the best score first, the leftmost on a tie. Columns instead of
// objects, because a long text makes hundreds of thousands of entries.

export interface MergeQueue {
  push(score: number, left: number, right: number, length: number): void;
  /** Moves the best entry to `top`; false when the queue is empty. */
  pop(): boolean;
  /** The entry that `pop` took out last; overwritten by the next `pop`. */
  readonly top: { left: number; right: number; length: number };
}

export function createMergeQueue(): MergeQueue {
  const heap: number[] = []; // entry numbers
  const scores: number[] = [];
  const lefts: number[] = [];
  const rights: number[] = [];
  const lengths: number[] = [];
  const top = { left: 0, right: 0, length: 0 };

  const before = (a: number, b: number): boolean => {
    const difference = scores[a]! - scores[b]!;
    return difference > 0 || (difference === 0 && lefts[a]! < lefts[b]!);
  };
  return {
    top,
    push(score, left, right, length) {
      const entry = scores.push(score) - 1;
      lefts.push(left);
      rights.push(right);
      lengths.push(length);
      let at = heap.push(entry) - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!before(entry, heap[parent]!)) break;
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = entry;
    },
    pop() {
      const best = heap[0];
      const last = heap.pop();
      if (best === undefined || last === undefined) return false;
      top.left = lefts[best]!;
      top.right = rights[best]!;
      top.length = lengths[best]!;
      const size = heap.length;
      if (size === 0) return true;
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= size) break;
        if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
        if (!before(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
      return true;
    },
  };
}
