// GPTQ's and AWQ's packed weights -> rows of dtypes' integer blocks. Both hold a matrix of integers as [inputs,
// outputs], eight (or four) to a word: GPTQ packs neighbours among the inputs, AWQ's gemm layout among the
// outputs, in the order of the kernels that it was made for. In both the word and the shift of an element are
// sums of a part for its input and a part for its output, so one loop reads them all.
// Layouts: AutoGPTQ's qlinear_cuda.py, AutoAWQ's packing in gemm.py.

import {
  type AssembledTensor,
  BF16_SCALE,
  type DType,
  dtypeByName,
  INTEGER_HEADER,
  type TensorInfo,
} from '@quern/dtypes';
import { QuernError, type ByteSource } from '@quern/spec';
import { ColumnReader, type HeldColumns } from '../column-reader.ts';
import { findPiece, getPiece, type Piece, readPiece, type StoredTensors, wrongPiece } from './piece.ts';
import type { Quantization } from './quantization.ts';

/** Which nibble of a word AWQ puts output 0, 1, .. 7 of eight into. */
const AWQ_NIBBLES = [0, 4, 1, 5, 2, 6, 3, 7];

type IntegerQuantization = Exclude<Quantization, { kind: 'fp8' }>;

interface Plan {
  readonly quantization: IntegerQuantization;
  readonly bits: 4 | 8;
  readonly inputs: number;
  readonly outputs: number;
  /** Inputs that share a scale. */
  readonly group: number;
  readonly dtype: DType;
  readonly weights: Piece;
  readonly zeros: Piece;
  readonly scales: Piece;
  readonly indices: Piece | undefined;
}

/**
 * The weight `<stem>.weight` that stands in `<stem>.qweight` and its fellows, or the name of its type where no
 * block of ours holds it. Throws 'corrupt-file' for pieces that do not fit each other.
 */
export function integerWeight(
  stem: string,
  stored: StoredTensors,
  quantization: IntegerQuantization,
): TensorInfo | { readonly unsupported: string; readonly shape: readonly number[] } {
  const weights = getPiece(stored, `${stem}.qweight`, ['I32']);
  const zeros = getPiece(stored, `${stem}.qzeros`, ['I32']);
  const scales = getPiece(stored, `${stem}.scales`, ['F16', 'BF16']);
  const indices = findPiece(stored, `${stem}.g_idx`, ['I32']);
  const [first = 0, second = 0] = weights.shape;
  const [groups = 0, outputs = 0] = scales.shape;
  const gptq = quantization.kind === 'gptq';
  const inputs = gptq ? (indices?.shape[0] ?? (first * 32) / quantization.bits) : first;
  const bits = gptq ? (first * 32) / inputs : (second * 32) / outputs;
  const group = quantization.group || inputs;
  const shape = [outputs, inputs];
  const label = `${quantization.kind.toUpperCase()} with ${bits} bits in groups of ${group}`;
  const whole = group % 32 === 0 && inputs % 32 === 0 && outputs % (32 / bits) === 0;
  if (!(bits === 4 || (bits === 8 && gptq)) || !whole) return { unsupported: label, shape };
  const fits =
    weights.shape.length === 2 &&
    (gptq ? second === outputs : second * 8 === outputs) &&
    groups === Math.ceil(inputs / group) &&
    zeros.shape[0] === groups &&
    zeros.shape[1] === (outputs * bits) / 32;
  if (!fits) {
    const [q, z, s] = [weights, zeros, scales].map((piece) => piece.shape.join(' x '));
    throw wrongPiece(weights.name, `is ${q}, its zeros ${z}, its scales ${s}; they do not make ${label}`);
  }
  const wide = group % 128 === 0 && inputs % 128 === 0;
  const dtype = dtypeByName(`int${bits}${wide ? '_128' : ''}`)!;
  const plan = {
    quantization,
    bits,
    inputs,
    outputs,
    group,
    dtype,
    weights,
    zeros,
    scales,
    indices,
  } as const;
  const ordered = gptq && quantization.ordered && groups > 1;
  return {
    name: `${stem}.weight`,
    dtype,
    shape,
    file: weights.file,
    offset: weights.offset,
    byteLength: weights.byteLength + zeros.byteLength + scales.byteLength + (indices?.byteLength ?? 0),
    packed: {
      ordered,
      // Indices are there a second time as the order that they make.
      smallBytes: zeros.byteLength + scales.byteLength + 2 * (indices?.byteLength ?? 0),
      assemble: (sources, most, signal) => assemble(plan, ordered, sources, most, signal),
    },
  };
}

async function assemble(
  plan: Plan,
  ordered: boolean,
  sources: readonly ByteSource[],
  most: number,
  signal: AbortSignal | undefined,
): Promise<AssembledTensor> {
  const { weights, zeros, scales, indices } = plan;
  const groupOf = indices && new Int32Array((await readPiece(indices, sources, signal)).buffer);
  const order = orderOf(plan, ordered, groupOf);
  const zeroWords = wordsOf(await readPiece(zeros, sources, signal));
  const scaleBytes = await readPiece(scales, sources, signal);
  // Rows of the file are inputs, columns the outputs that are asked for: one to a word, or eight.
  const byOutputs = plan.quantization.kind === 'awq';
  const { file, offset } = weights;
  const [rows, words] = weights.shape as [number, number];
  const reader = new ColumnReader({ file, offset, rows, rowBytes: words * 4 }, sources, most, signal);
  const perWord = byOutputs ? 8 : 1;
  return {
    async rows(firstRow, count) {
      const last = Math.ceil((firstRow + count) / perWord);
      const held = await reader.columns((firstRow / perWord) * 4, last * 4);
      const out = new Uint8Array(count * rowBytes(plan));
      writeHeaders(plan, zeroWords, scaleBytes, firstRow, count, out);
      if (byOutputs) writeByOutputs(plan, heldWords(held), firstRow, count, out);
      else writeByInputs(plan, heldWords(held), order, firstRow, count, out);
      return out;
    },
    ...(ordered && { order }),
  };
}

/** Word c of row r is `words[r * stride + c - first]`. */
interface HeldWords {
  readonly words: Uint32Array;
  readonly stride: number;
  readonly first: number;
}

function heldWords({ bytes, stride, first }: HeldColumns): HeldWords {
  return { words: wordsOf(bytes), stride: stride / 4, first: first / 4 };
}

function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Inputs in the order of their groups. Throws 'corrupt-file' where groups are not of their full size. */
function orderOf(plan: Plan, ordered: boolean, groupOf: Int32Array | undefined): Uint32Array<ArrayBuffer> {
  const { inputs, group, indices } = plan;
  const order = Uint32Array.from({ length: inputs }, (_, i) => i);
  if (groupOf === undefined || group >= inputs) return order;
  if (ordered) order.sort((a, b) => groupOf[a]! - groupOf[b]! || a - b);
  const odd = order.find((input, i) => groupOf[input] !== Math.floor(i / group));
  if (odd === undefined) return order;
  throw wrongPiece(
    indices!.name,
    `puts input ${odd} into group ${groupOf[odd]}, so that groups are not ${group} inputs ${ordered ? 'each' : 'in a row, though desc_act is false'}`,
  );
}

function rowBytes({ inputs, dtype }: Plan): number {
  return (inputs / dtype.blockSize) * dtype.blockBytes;
}

/** Scale and zero point of each block. */
function writeHeaders(
  plan: Plan,
  zeros: Uint32Array,
  scales: Uint8Array,
  firstRow: number,
  count: number,
  out: Uint8Array,
): void {
  const { quantization, bits, inputs, outputs, group, dtype } = plan;
  const add = quantization.kind === 'gptq' ? quantization.zeroOffset : 0;
  const mark = plan.scales.type === 'BF16' ? BF16_SCALE : 0;
  const perWord = 32 / bits;
  const blocks = inputs / dtype.blockSize;
  for (let row = 0; row < count; row++) {
    const n = firstRow + row;
    const shift = quantization.kind === 'awq' ? 4 * AWQ_NIBBLES[n % 8]! : bits * (n % perWord);
    for (let b = 0; b < blocks; b++) {
      const g = Math.floor((b * dtype.blockSize) / group);
      const stored = (zeros[(g * outputs + n - (n % perWord)) / perWord]! >>> shift) & (2 ** bits - 1);
      const zero = (stored + add) | mark;
      const at = (row * blocks + b) * dtype.blockBytes;
      const from = 2 * (g * outputs + n);
      out[at] = scales[from]!;
      out[at + 1] = scales[from + 1]!;
      out[at + 2] = zero & 255;
      out[at + 3] = zero >> 8;
    }
  }
}

/**
 * Rows that are written side by side: their words share a cache line of the file, and all fit the first cache.
 * The loops below run over every byte of a model while it loads.
 */
const TILE = 16;

/** Where in a row the byte of input k is; in 4 bits that of k + 16 too, in its high nibble. */
function placeOf({ bits, dtype }: Plan, k: number): number {
  const within = k % dtype.blockSize;
  const at = bits === 8 ? within : (within >> 5) * 16 + (within & 15);
  return Math.floor(k / dtype.blockSize) * dtype.blockBytes + INTEGER_HEADER + at;
}

/** GPTQ: word (k / perWord, n) holds inputs k .. of output n. `order`: the input that each column is. */
function writeByInputs(
  plan: Plan,
  { words, stride, first: held }: HeldWords,
  order: Uint32Array,
  firstRow: number,
  count: number,
  out: Uint8Array,
): void {
  const { bits, inputs } = plan;
  const perWord = 32 / bits;
  const row = rowBytes(plan);
  const baseOf = (k: number) => Math.floor(order[k]! / perWord) * stride + firstRow - held;
  const shiftOf = (k: number) => bits * (order[k]! % perWord);
  for (let first = 0; first < count; first += TILE) {
    const end = Math.min(first + TILE, count);
    for (let k = 0; k < inputs; k++) {
      if (bits === 4 && (k & 16) !== 0) continue;
      const base = baseOf(k);
      const shift = shiftOf(k);
      let at = placeOf(plan, k) + first * row;
      if (bits === 8) {
        for (let i = first; i < end; i++, at += row) out[at] = words[base + i]! >>> shift;
        continue;
      }
      const base2 = baseOf(k + 16);
      const shift2 = shiftOf(k + 16);
      for (let i = first; i < end; i++, at += row) {
        out[at] = ((words[base + i]! >>> shift) & 15) | ((words[base2 + i]! >>> shift2) << 4);
      }
    }
  }
}

/** AWQ: word (k, n / 8) holds outputs n .. of input k. */
function writeByOutputs(
  plan: Plan,
  { words, stride, first: held }: HeldWords,
  firstRow: number,
  count: number,
  out: Uint8Array,
): void {
  const { inputs } = plan;
  const row = rowBytes(plan);
  // Rows within eight whose nibbles are a word's even ones, from the lowest up, and its odd ones.
  const [even, odd] = [0, 1].map((parity) =>
    [0, 2, 4, 6].map((nibble) => AWQ_NIBBLES.indexOf(nibble + parity) * row),
  ) as [number[], number[]];
  const [e0, e1, e2, e3] = even as [number, number, number, number];
  const [o0, o1, o2, o3] = odd as [number, number, number, number];
  for (let first = 0; first < count; first += TILE) {
    const end = Math.min(first + TILE, count);
    for (let k = 0; k < inputs; k++) {
      if ((k & 16) !== 0) continue;
      const place = placeOf(plan, k);
      for (let i = first; i < end; i += 8) {
        const from = k * stride + ((firstRow + i) >> 3) - held;
        const a = words[from]!;
        const b = words[from + 16 * stride]!;
        const low = (a & 0x0f0f0f0f) | ((b & 0x0f0f0f0f) << 4);
        const high = ((a >>> 4) & 0x0f0f0f0f) | (b & 0xf0f0f0f0);
        const at = place + i * row;
        out[at + e0] = low;
        out[at + e1] = low >> 8;
        out[at + e2] = low >> 16;
        out[at + e3] = low >> 24;
        out[at + o0] = high;
        out[at + o1] = high >> 8;
        out[at + o2] = high >> 16;
        out[at + o3] = high >> 24;
      }
    }
  }
}

/** Throws 'corrupt-file': weights packed as nobody says. */
export function unexplained(stem: string): QuernError {
  return wrongPiece(
    `${stem}.qweight`,
    'is packed, but neither config.json nor quantize_config.json says how (quantization_config)',
  );
}
