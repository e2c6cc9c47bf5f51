// In which order the tensors of a file are read.

import type { TensorInfo } from '@quern/dtypes';

type Placed = Pick<TensorInfo, 'name' | 'file' | 'offset'>;

export function inOrderOfBytes(a: Placed, b: Placed): number {
  return a.file - b.file || a.offset - b.offset;
}

/** As a forward pass comes to them; files often have layer 10 before layer 2, or all experts before all else. */
export function inOrderOfUse(a: Placed, b: Placed): number {
  return stageOf(a.name) - stageOf(b.name) || inOrderOfBytes(a, b);
}

/** Layers by their numbers, the embedding before, the head behind. */
function stageOf(name: string): number {
  const layer = /^blk\.(\d+)\./.exec(name)?.[1];
  if (layer !== undefined) return Number(layer);
  return name.startsWith('output') ? Number.MAX_SAFE_INTEGER : -1;
}
