// FP8 weights (F8_E4M3) and the scales beside them -> rows of dtypes' FP8 blocks. `weight_scale` is one number,
// one for each output, or a matrix over blocks; `weight_scale_inv` (DeepSeek V3) is such a matrix. Both multiply.

import { type AssembledTensor, dtypeByName, FP8_HEADER, type TensorInfo } from '@quern/dtypes';
import type { ByteSource } from '@quern/spec';
import {
  findPiece,
  getPiece,
  type Piece,
  readFloats,
  readPiece,
  type StoredTensors,
  wrongPiece,
} from './piece.ts';

const SCALES = ['weight_scale', 'weight_scale_inv'] as const;
/** Scales of activations: for arithmetic in FP8, which is not done here. */
const ACTIVATION_SCALES = ['input_scale', 'activation_scale'] as const;

/** Names beside `<stem>.weight` that are part of it. */
export function besideFp8(stem: string): string[] {
  return [...SCALES, ...ACTIVATION_SCALES].map((kind) => `${stem}.${kind}`);
}

/**
 * The weight of that stem, or the name of its type where no block of ours holds it. `block`: outputs and inputs
 * that share a scale. Throws 'corrupt-file' for scales that do not fit.
 */
export function fp8Weight(
  stem: string,
  stored: StoredTensors,
  block: readonly [number, number],
): TensorInfo | { readonly unsupported: string; readonly shape: readonly number[] } {
  const weights = getPiece(stored, `${stem}.weight`, ['F8_E4M3']);
  const floats = ['F32', 'BF16', 'F16'];
  const scales =
    findPiece(stored, `${stem}.${SCALES[0]}`, floats) ?? findPiece(stored, `${stem}.${SCALES[1]}`, floats);
  const [outputs = 0, inputs = 0] = weights.shape;
  const { strides, span } = scaleSteps(weights, scales, block);
  const wide = span % 128 === 0 && inputs % 128 === 0;
  if (weights.shape.length !== 2 || inputs % 32 !== 0 || span % 32 !== 0) {
    return { unsupported: `F8_E4M3 in rows of ${inputs}`, shape: weights.shape };
  }
  const dtype = dtypeByName(wide ? 'fp8_128' : 'fp8')!;
  return {
    name: weights.name,
    dtype,
    shape: [outputs, inputs],
    file: weights.file,
    offset: weights.offset,
    byteLength: weights.byteLength + (scales?.byteLength ?? 0),
    packed: {
      ordered: false,
      smallBytes: (scales?.shape ?? []).reduce((product, n) => product * n, 4),
      async assemble(sources: readonly ByteSource[], _most, signal): Promise<AssembledTensor> {
        const values = scales ? await readFloats(scales, sources, signal) : Float32Array.of(1);
        const blocks = inputs / dtype.blockSize;
        return {
          async rows(firstRow, count) {
            const strip = {
              ...weights,
              offset: weights.offset + firstRow * inputs,
              byteLength: count * inputs,
            };
            const bytes = await readPiece(strip, sources, signal);
            const out = new Uint8Array(count * blocks * dtype.blockBytes);
            const view = new DataView(out.buffer);
            for (let row = 0; row < count; row++) {
              const n = firstRow + row;
              for (let b = 0; b < blocks; b++) {
                const at = (row * blocks + b) * dtype.blockBytes;
                const from = row * inputs + b * dtype.blockSize;
                const scale =
                  Math.floor(n / block[0]) * strides.block +
                  n * strides.row +
                  Math.floor((b * dtype.blockSize) / block[1]) * strides.input;
                view.setFloat32(at, values[scale]!, true);
                out.set(bytes.subarray(from, from + dtype.blockSize), at + FP8_HEADER);
              }
            }
            return out;
          },
        };
      },
    },
  };
}

interface ScaleSteps {
  /** How far the scale moves on for each block of outputs, each output, each block of inputs. */
  readonly strides: { readonly block: number; readonly row: number; readonly input: number };
  /** Inputs that share a scale. */
  readonly span: number;
}

function scaleSteps(weights: Piece, scales: Piece | undefined, block: readonly [number, number]): ScaleSteps {
  const [outputs = 0, inputs = 0] = weights.shape;
  const [rows = 1, columns = 1] = scales?.shape ?? [];
  if (rows * columns === 1) return { strides: { block: 0, row: 0, input: 0 }, span: inputs };
  if (rows === outputs && columns === 1) return { strides: { block: 0, row: 1, input: 0 }, span: inputs };
  if (rows === Math.ceil(outputs / block[0]) && columns === Math.ceil(inputs / block[1])) {
    return { strides: { block: columns, row: 0, input: 1 }, span: block[1] };
  }
  throw wrongPiece(
    scales!.name,
    `is ${scales!.shape.join(' x ')}; for ${outputs} x ${inputs} weights one scale, one for each output, or one ` +
      `for each ${block.join(' x ')} is expected`,
  );
}
