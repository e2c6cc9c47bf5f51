// What the bytes of a weight type mean. One file per type; `decode` is the plain reference that every
// kernel is held against, `repack` is how a row's blocks are laid out on the GPU.
//
// On the GPU a weight is two streams, each row starting at a fixed stride:
//   quants  qBytes per block; rows start at multiples of 16 bytes, padded with zeros
//   scales  a codebook if the type has one, then sBytes per block (0 = none); rows start at multiples of
//           4 bytes, padded with zeros
// It is a byte split: nothing is requantised, so decoding either form gives the same f32 bits.

export interface DType {
  /** GGUF's name in lower case: 'q4_k'. Also the name of kernels/quant/<name>.wgsl. */
  readonly name: string;
  /** GGUF's ggml_type number; -1: GGUF has no such type. */
  readonly id: number;
  /** Elements a block and bytes a block, as stored. */
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Bytes a block in the two GPU streams. */
  readonly qBytes: number;
  readonly sBytes: number;
  /**
   * A table that kernels look up, a multiple of 4 bytes. It stands once before the first row's scales, so
   * that no kernel needs a binding more for it.
   */
  readonly codebook?: Uint8Array;
  /**
   * Decodes `blocks` whole blocks at the start of `bytes` into `out[0 .. blocks * blockSize)`,
   * bit-equal to ggml's dequantize_row.
   */
  decode(bytes: Uint8Array, blocks: number, out: Float32Array): void;
  /**
   * Splits `blocks` whole blocks: block b's quants go to `quants[b * qBytes ..]`, its scales to
   * `scales[b * sBytes ..]`. The caller pads rows.
   */
  repack(bytes: Uint8Array, blocks: number, quants: Uint8Array, scales: Uint8Array): void;
}
