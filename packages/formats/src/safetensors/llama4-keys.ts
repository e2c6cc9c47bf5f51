// What Llama 4's config.json says in words of its own (transformers, modeling_llama4.py), in GGUF's where it has any.

import { QuernError } from '@quern/spec';
import type { ConfigReader } from './config-reader.ts';
import type { SetKey } from './family-keys.ts';

const CHUNKED = 'chunked_attention';

/** Of a `llama4_text`. The text says why it would not compute what its makers meant. Throws 'corrupt-file'. */
export function translateLlama4(config: ConfigReader, set: SetKey): string | undefined {
  // Its intermediate_size is that of an expert.
  set('expert_feed_forward_length', config.count('intermediate_size'));
  set('feed_forward_length', config.count('intermediate_size_mlp'));
  set('attention.sliding_window', config.count('attention_chunk_size'));
  set('attention.qk_norm', config.flag('use_qk_norm') ?? true);
  // A number in the first configs, true or false in later ones.
  const tuned = config.json['attn_temperature_tuning'] ?? true;
  set('attention.temperature_length', config.count('floor_scale'));
  set('attention.temperature_scale', tuned ? (config.number('attn_scale') ?? 0.1) : 0);
  const layers = config.count('num_hidden_layers') ?? 0;
  const listed = config.numbers('no_rope_layers') ?? [];
  const period = config.count('no_rope_layer_interval') ?? 4;
  if (listed.length > 0 && listed.length < layers) {
    throw new QuernError(
      'corrupt-file',
      `config.json: no_rope_layers has ${listed.length} of ${layers} layers`,
    );
  }
  // In spite of its name 1 stands for a layer with RoPE.
  const turned = Array.from({ length: layers }, (_, i) =>
    listed.length > 0 ? listed[i] !== 0 : period === 0 || (i + 1) % period !== 0,
  );
  set('rope.layer_pattern', turned);
  const kinds = config.strings('layer_types') ?? [];
  const odd = kinds.findIndex((kind, i) => (kind === CHUNKED) !== (turned[i] ?? true));
  return odd < 0
    ? undefined
    : `layer_types calls layer ${odd} ${kinds[odd]}; layers with RoPE run in chunks, the others do not`;
}
