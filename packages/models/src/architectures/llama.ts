// Llama 1-3 (arXiv 2302.13971, 2407.21783) and what shares its shape: SmolLM2, Yi, Mistral without a
// window, their fine-tunes. Pre-norm, grouped-query attention with RoPE, gated MLP.

import { getCount, getNumber, type Metadata } from '@quern/formats';
import type { Recorder, Tensor } from '@quern/gpu';
import { angleTable, embed, rmsNorm } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Architecture, ForwardContext, Model, ModelConfig } from '../architecture.ts';
import { type AttentionBlock, selfAttention } from '../blocks/attention.ts';
import { type GatedMlp, gatedMlp } from '../blocks/gated-mlp.ts';
import { linear } from '../linear.ts';
import { type RopeConfig, ropeConfig, scaledFrequencies } from '../rope.ts';
import type { WeightRegistry } from '../weight-registry.ts';

interface LlamaConfig extends ModelConfig {
  readonly heads: number;
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly inner: number;
  readonly epsilon: number;
  readonly rope: RopeConfig;
}

function config(metadata: Metadata, key: string): LlamaConfig {
  const dim = getCount(metadata, `${key}.embedding_length`);
  const heads = getCount(metadata, `${key}.attention.head_count`);
  const kvHeads = getCount(metadata, `${key}.attention.head_count_kv`, heads);
  const keyDim = getCount(metadata, `${key}.attention.key_length`, dim / heads);
  const valueDim = getCount(metadata, `${key}.attention.value_length`, dim / heads);
  const layers = getCount(metadata, `${key}.block_count`);
  if (heads === 0 || kvHeads === 0 || heads % kvHeads !== 0 || keyDim % 8 !== 0 || valueDim % 8 !== 0) {
    throw new QuernError(
      'corrupt-file',
      `${heads} heads over ${kvHeads} KV heads of ${keyDim} and ${valueDim} values: heads must divide evenly, ` +
        'sizes by 8.',
    );
  }
  return {
    layers,
    dim,
    vocabulary: vocabulary(metadata, key),
    trainedContextLength: getCount(metadata, `${key}.context_length`),
    cache: Array.from({ length: layers }, () => ({ kvHeads, keyDim, valueDim })),
    heads,
    kvHeads,
    keyDim,
    valueDim,
    inner: getCount(metadata, `${key}.feed_forward_length`),
    epsilon: getNumber(metadata, `${key}.attention.layer_norm_rms_epsilon`),
    rope: ropeConfig(metadata, key, keyDim),
  };
}

/** The key is optional in GGUF; the token list is not. */
function vocabulary(metadata: Metadata, key: string): number {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  return getCount(metadata, `${key}.vocab_size`, Array.isArray(tokens) ? tokens.length : 0);
}

interface Layer {
  readonly attentionNorm: Tensor;
  readonly attention: AttentionBlock;
  readonly mlpNorm: Tensor;
  readonly mlp: GatedMlp;
}

function create(weights: WeightRegistry, c: LlamaConfig, positions: number): Model {
  const { dim, heads, kvHeads, keyDim, valueDim, inner, epsilon } = c;
  const { rotated } = c.rope;
  const frequencies = scaledFrequencies(c.rope, weights.hostVector('rope_freqs.weight'));
  const angles = weights.upload('rope angles', angleTable({ rotated, frequencies }, positions));

  const layer = (i: number): Layer => ({
    attentionNorm: weights.vector(`blk.${i}.attn_norm.weight`, dim),
    attention: {
      qkv: weights.linear(`blk.${i}.qkv`, dim, [
        [`blk.${i}.attn_q.weight`, heads * keyDim],
        [`blk.${i}.attn_k.weight`, kvHeads * keyDim],
        [`blk.${i}.attn_v.weight`, kvHeads * valueDim],
      ]),
      output: weights.linear(`blk.${i}.attn_output`, heads * valueDim, [
        [`blk.${i}.attn_output.weight`, dim],
      ]),
      heads,
      rotated,
      // GGUF stores the rows of Q and K so that pairs stand side by side.
      pairs: 'interleaved',
      angles,
      scale: keyDim ** -0.5,
    },
    mlpNorm: weights.vector(`blk.${i}.ffn_norm.weight`, dim),
    mlp: {
      gateUp: weights.linear(`blk.${i}.gate_up`, dim, [
        [`blk.${i}.ffn_gate.weight`, inner],
        [`blk.${i}.ffn_up.weight`, inner],
      ]),
      down: weights.linear(`blk.${i}.ffn_down`, inner, [[`blk.${i}.ffn_down.weight`, dim]]),
    },
  });

  const embedding = weights.linear('token_embd', dim, [['token_embd.weight', c.vocabulary]]);
  const layers = Array.from({ length: c.layers }, (_, i) => layer(i));
  const outputNorm = weights.vector('output_norm.weight', dim);
  const output = weights.has('output.weight')
    ? weights.linear('output', dim, [['output.weight', c.vocabulary]])
    : embedding;

  const norm = (rec: Recorder, x: Tensor, weight: Tensor, step: Tensor): Tensor => {
    const y = rec.scratch('norm', x.shape);
    rmsNorm(rec, { x, weight, epsilon, step, y });
    return y;
  };

  return {
    embed(rec, step, rows) {
      const y = rec.scratch('embedding', [rows, dim]);
      embed(rec, { weight: embedding.weights[0]!.weight, step, y });
      return y;
    },
    forward(rec, embedded, context: ForwardContext) {
      const { step } = context;
      let hidden = embedded;
      layers.forEach(({ attentionNorm, attention, mlpNorm, mlp }, i) => {
        rec.tap(`layer.${i}`, hidden);
        const attended = norm(rec, hidden, attentionNorm, step);
        hidden = selfAttention(rec, attention, i, { x: attended, residual: hidden, context });
        hidden = gatedMlp(rec, mlp, { x: norm(rec, hidden, mlpNorm, step), residual: hidden, step });
      });
      return hidden;
    },
    head(rec, hidden, step) {
      const normed = norm(rec, hidden, outputNorm, step);
      rec.tap('norm', normed);
      return linear(rec, output, { x: normed, step, name: 'logits' });
    },
  };
}

export const llama: Architecture<LlamaConfig> = { config, create };
