// Shapes of Llama-like models from 0.1 to 8 B parameters, as published ones have them.

import type { MadeLlamaShape } from './made-llama.ts';

type Shape = Required<Omit<MadeLlamaShape, 'type' | 'context'>>;

export const SHAPES = {
  /** SmolLM2 135M. */
  '0.1B': {
    layers: 30,
    width: 576,
    hidden: 1536,
    heads: { size: 64, count: 9, kv: 3 },
    vocabulary: 49_152,
    ownHead: false,
  },
  /** SmolLM2 360M. */
  '0.3B': {
    layers: 32,
    width: 960,
    hidden: 2560,
    heads: { size: 64, count: 15, kv: 5 },
    vocabulary: 49_152,
    ownHead: false,
  },
  /** Qwen2.5 0.5B, without its biases. */
  '0.5B': {
    layers: 24,
    width: 896,
    hidden: 4864,
    heads: { size: 64, count: 14, kv: 2 },
    vocabulary: 151_936,
    ownHead: false,
  },
  /** Llama 3.2 1B. */
  '1B': {
    layers: 16,
    width: 2048,
    hidden: 8192,
    heads: { size: 64, count: 32, kv: 8 },
    vocabulary: 128_256,
    ownHead: false,
  },
  /** Llama 3.2 3B. */
  '3B': {
    layers: 28,
    width: 3072,
    hidden: 8192,
    heads: { size: 128, count: 24, kv: 8 },
    vocabulary: 128_256,
    ownHead: false,
  },
  /** Llama 3.1 8B. */
  '8B': {
    layers: 32,
    width: 4096,
    hidden: 14_336,
    heads: { size: 128, count: 32, kv: 8 },
    vocabulary: 128_256,
    ownHead: true,
  },
} as const satisfies Record<string, Shape>;

export type SizeName = keyof typeof SHAPES;

/** The matrices that a layer of the shape multiplies with, as they are fused: [outputs, inputs]. */
export function matricesOf({
  width,
  hidden,
  heads,
}: Shape): Array<{ name: string; outputs: number; k: number }> {
  return [
    { name: 'qkv', outputs: (heads.count + 2 * heads.kv) * heads.size, k: width },
    { name: 'o', outputs: width, k: heads.count * heads.size },
    { name: 'gate+up', outputs: 2 * hidden, k: width },
    { name: 'down', outputs: width, k: hidden },
  ];
}
