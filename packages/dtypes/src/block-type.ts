// Builds a DType from its decode and from where the bytes of a block go. Most GPU layouts only move
// runs of bytes, so they are data here and one loop does them all; a type that computes something
// (q3_k unpacks its scales) brings a repack of its own.

import { assert } from '@quern/spec';
import { copyRuns, zeroRuns } from './copy-runs.ts';
import type { DType } from './dtype.ts';

/** `length` bytes at `from` of a stored block. */
export type Run = readonly [from: number, length: number];

export interface BlockLayout {
  readonly name: string;
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
  /** The runs of a block that make its part of the quant stream, in stream order. */
  readonly quants: readonly Run[];
  /** The same for the scale stream. */
  readonly scales: readonly Run[];
  /** Zero bytes after each block's scales. */
  readonly scalePadding?: number;
  readonly codebook?: Uint8Array;
  readonly decode: DType['decode'];
}

/** A type whose GPU layout moves bytes and changes none. */
export function blockType(layout: BlockLayout): DType {
  const { quants, scales, scalePadding = 0, ...rest } = layout;
  const { blockBytes } = rest;
  const qBytes = totalLength(quants);
  const sBytes = totalLength(scales) + scalePadding;
  const repack: DType['repack'] = (bytes, blocks, quantStream, scaleStream) => {
    moveRuns(bytes, blockBytes, quants, quantStream, qBytes, blocks);
    moveRuns(bytes, blockBytes, scales, scaleStream, sBytes, blocks);
    if (scalePadding > 0) zeroRuns(scaleStream, sBytes, sBytes - scalePadding, scalePadding, blocks);
  };
  return checkedType({ ...rest, qBytes, sBytes, repack });
}

/** The same type, refusing (code 'internal') buffers that are too short for the blocks asked for. */
export function checkedType(type: DType): DType {
  const { name, blockSize, blockBytes, qBytes, sBytes } = type;
  const room = (what: string, have: number, need: number): void =>
    assert(have >= need, `${name}: ${what} holds ${have} but ${need} are needed`);
  return {
    ...type,
    decode(bytes, blocks, out) {
      room('input bytes', bytes.length, blocks * blockBytes);
      room('decode output', out.length, blocks * blockSize);
      type.decode(bytes, blocks, out);
    },
    repack(bytes, blocks, quants, scales) {
      room('input bytes', bytes.length, blocks * blockBytes);
      room('quant stream bytes', quants.length, blocks * qBytes);
      room('scale stream bytes', scales.length, blocks * sBytes);
      type.repack(bytes, blocks, quants, scales);
    },
  };
}

function moveRuns(
  from: Uint8Array,
  fromStride: number,
  runs: readonly Run[],
  to: Uint8Array,
  toStride: number,
  blocks: number,
): void {
  let at = 0;
  for (const [start, length] of runs) {
    copyRuns(from, fromStride, start, to, toStride, at, length, blocks);
    at += length;
  }
}

function totalLength(runs: readonly Run[]): number {
  return runs.reduce((sum, [, length]) => sum + length, 0);
}
