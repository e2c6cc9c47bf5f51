// Puts the weights of a packed checkpoint in the place of the pieces that it stores.

import type { TensorInfo } from '@quern/dtypes';
import { besideFp8, fp8Weight } from './fp8-weights.ts';
import { integerWeight, unexplained } from './integer-weights.ts';
import type { StoredTensors } from './piece.ts';
import type { Quantization } from './quantization.ts';

/** Changes both maps. Throws 'corrupt-file' for pieces that are missing or do not fit each other. */
export function replacePieces(stored: StoredTensors, quantization: Quantization | undefined): void {
  const { tensors, unsupported } = stored;
  const candidates = [...unsupported.values()];
  for (const { name, typeName } of candidates) {
    const [, stem = '', kind = ''] = /^(.*)\.(qweight|weight)$/.exec(name) ?? [];
    if (kind === 'qweight') {
      if (quantization === undefined || quantization.kind === 'fp8') throw unexplained(stem);
      put(`${stem}.weight`, integerWeight(stem, stored, quantization));
      for (const piece of ['qweight', 'qzeros', 'scales', 'g_idx']) drop(`${stem}.${piece}`);
    } else if (kind === 'weight' && typeName === 'F8_E4M3') {
      const block = quantization?.kind === 'fp8' ? quantization.block : ([128, 128] as const);
      const weight = fp8Weight(stem, stored, block);
      drop(name);
      for (const piece of besideFp8(stem)) drop(piece);
      put(name, weight);
    }
  }

  function put(name: string, weight: TensorInfo | { unsupported: string; shape: readonly number[] }): void {
    if ('dtype' in weight) tensors.set(name, weight);
    else {
      const { unsupported: typeName, shape } = weight;
      unsupported.set(name, { name, typeName, shape, file: 0, offset: 0 });
    }
  }

  function drop(name: string): void {
    tensors.delete(name);
    unsupported.delete(name);
  }
}
