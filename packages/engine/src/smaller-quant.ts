// What a model would take in another quantisation: its tensors as llama.cpp's quantize would store them.

import { dtypeByName, type DType, type TensorInfo } from '@quern/dtypes';
import type { ModelFile } from '@quern/formats';

/** Files as they are offered, largest first: the type of their matrices, and of those whose rows are no multiple of 256. */
const OFFERED = [
  ['Q8_0', 'q8_0', 'q8_0'],
  ['Q6_K', 'q6_k', 'q8_0'],
  ['Q5_K_S', 'q5_k', 'q5_1'],
  ['Q4_K_S', 'q4_k', 'q5_0'],
  ['Q3_K_S', 'q3_k', 'iq4_nl'],
  ['Q2_K', 'q2_k', 'iq4_nl'],
] as const;

/** The first that `needs` finds a number for; undefined where none does, or none is smaller than the file is. */
export async function smallerQuant(
  file: ModelFile,
  needs: (file: ModelFile) => Promise<number | undefined>,
): Promise<{ name: string; bytes: number } | undefined> {
  for (const [name, type, other] of OFFERED) {
    const types = [dtypeByName(type)!, dtypeByName(other)!] as const;
    const tensors = new Map([...file.tensors].map(([key, info]) => [key, smaller(info, types)]));
    if ([...tensors].every(([key, info]) => info === file.tensors.get(key))) continue;
    const bytes = await needs({ ...file, tensors });
    if (bytes !== undefined) return { name, bytes };
  }
  return undefined;
}

function smaller(info: TensorInfo, types: readonly [DType, DType]): TensorInfo {
  const { shape, dtype, name } = info;
  const columns = shape.at(-1)!;
  const to = types.find(({ blockSize }) => columns % blockSize === 0);
  const matrix = shape.length > 1 && name.endsWith('.weight') && !/norm|_inp|conv/.test(name);
  if (!matrix || !to || bits(to) >= bits(dtype)) return info;
  const { packed: _, ...plain } = info;
  const elements = shape.reduce((product, n) => product * n, 1);
  return { ...plain, dtype: to, byteLength: (elements / to.blockSize) * to.blockBytes };
}

/** A value's, on average. */
function bits({ blockBytes, blockSize }: DType): number {
  return (8 * blockBytes) / blockSize;
}
