// The experts' matrices as model files store them: one tensor with all experts stacked (GGUF's `*_exps`), or a
// tensor for each (older GGUF files, and most checkpoints of Hugging Face).

import { type DType, dtypeByName, mxfp4, type TensorInfo } from '@quern/dtypes';
import type { Tensor } from '@quern/gpu';
import type { ExpertWeight } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import { transposedExperts } from './rearranged.ts';

/** The same projection of every expert of a layer. Parts of one type share a weight. */
export interface Experts {
  readonly count: number;
  /** Rows of an expert, all parts together, and their length. */
  readonly rows: number;
  readonly cols: number;
  readonly weights: ReadonlyArray<{
    readonly weight: ExpertWeight;
    readonly firstRow: number;
    /** [experts, rows of the weight's expert] f32. */
    readonly bias: Tensor | undefined;
  }>;
}

/** How a checkpoint's stacked experts lie, where it is not row by row, gate above up. */
export interface ExpertLayout {
  /** Even rows first, then the odd ones: gate and up take turns. */
  readonly interleaved?: boolean;
  /** [experts, cols, rows]; MXFP4 halves and single experts have rows all the same. */
  readonly transposed?: boolean;
}

/** A tensor that holds rows of one expert or of all, from `firstExpert` on. */
export interface ExpertTensor {
  readonly info: TensorInfo;
  readonly firstExpert: number;
}

/** True if the file has `base` for all experts at once. */
export function hasStacked(tensors: { has(name: string): boolean }, base: string): boolean {
  return tensors.has(`${base}.weight`) || tensors.has(`${base}.blocks`);
}

/**
 * The tensors of `base` ('blk.3.ffn_gate_exps'), which together are [count, rows, cols] of one type: stacked,
 * stacked in two halves (the blocks and the scales of MXFP4), or one by one.
 * Throws 'corrupt-file' for tensors that are missing, of other shapes or of several types.
 */
export function expertTensors(
  tensors: ReadonlyMap<string, TensorInfo>,
  base: string,
  [count, rows, cols]: readonly [count: number, rows: number, cols: number],
  { transposed = false }: ExpertLayout = {},
): { dtype: DType; tensors: ExpertTensor[] } {
  const stacked = tensors.get(`${base}.weight`);
  if (stacked) {
    const info = transposed
      ? transposedExperts(shaped(stacked, [count, cols, rows]))
      : shaped(stacked, [count, rows, cols]);
    return { dtype: info.dtype, tensors: [{ info, firstExpert: 0 }] };
  }
  const [blocks, scales] = [tensors.get(`${base}.blocks`), tensors.get(`${base}.scales`)];
  if (blocks && scales) {
    const halves = [
      shaped(blocks, [count, rows, cols]),
      shaped(scales, [count, rows, cols / mxfp4.blockSize]),
    ];
    return {
      dtype: dtypeByName(blocks.dtype.name)!,
      tensors: halves.map((info) => ({ info, firstExpert: 0 })),
    };
  }
  const single = base.replace(/_exps$/, '');
  const singles = Array.from({ length: count }, (_, expert) => {
    const name = `${single}.${expert}.weight`;
    const info = tensors.get(name);
    if (!info) {
      throw new QuernError(
        'corrupt-file',
        `The file has neither '${base}.weight' nor '${name}', of ${count} experts that this architecture needs.`,
      );
    }
    const first = tensors.get(`${single}.0.weight`)!;
    if (info.dtype !== first.dtype) {
      throw new QuernError(
        'corrupt-file',
        `'${name}' is ${info.dtype.name} and '${first.name}' ${first.dtype.name}; the experts of a layer must be of one type.`,
      );
    }
    return { info: shaped(info, [rows, cols]), firstExpert: expert };
  });
  return { dtype: singles[0]!.info.dtype, tensors: singles };
}

function shaped(info: TensorInfo, shape: readonly number[]): TensorInfo {
  if (info.shape.length === shape.length && info.shape.every((n, i) => n === shape[i])) return info;
  throw new QuernError(
    'corrupt-file',
    `Tensor '${info.name}' is ${info.shape.join(' x ')}; the file's own dimensions ask for ${shape.join(' x ')}.`,
  );
}
