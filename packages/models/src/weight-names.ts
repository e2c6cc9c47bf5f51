// One vocabulary of weight names for every architecture: GGUF's. What a Hugging Face checkpoint calls its
// tensors is translated here, family differences included: which norms it stores as w where GGUF has 1 + w,
// and whose Q and K rows GGUF permutes (docs/decisions/semantics.md).

import type { DType, TensorInfo } from '@quern/dtypes';
import { getCount, type Metadata, type ModelFile, type UnsupportedTensor } from '@quern/formats';
import { QuernError } from '@quern/spec';
import { ggufArchitecture } from './architectures/aliases.ts';
import { ggufExpertName } from './expert-names.ts';
import { packedHalf } from './packed-experts.ts';
import { groupedRow, type HeadGroups, stacked, transposed, ungrouped } from './rearranged.ts';

/** Modules of a layer, without `model.layers.<i>.` (`transformer.h.<i>.` and others) and `blk.<i>.`. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.qkv_proj': 'attn_qkv',
  'self_attn.o_proj': 'attn_output',
  'self_attn.dense': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.q_a_proj': 'attn_q_a',
  'self_attn.q_a_layernorm': 'attn_q_a_norm',
  'self_attn.q_b_proj': 'attn_q_b',
  'self_attn.kv_a_proj_with_mqa': 'attn_kv_a_mqa',
  'self_attn.kv_a_layernorm': 'attn_kv_a_norm',
  'self_attn.kv_b_proj': 'attn_kv_b',
  // GLM-4
  post_self_attn_layernorm: 'post_attention_norm',
  post_mlp_layernorm: 'post_ffw_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.fc1': 'ffn_up',
  'mlp.fc2': 'ffn_down',
  // GPT-2, StarCoder2
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
  // GPT-NeoX, BLOOM, Falcon
  ln_attn: 'attn_norm_2',
  ln_mlp: 'attn_norm',
  'attention.query_key_value': 'attn_qkv',
  'attention.dense': 'attn_output',
  'self_attention.query_key_value': 'attn_qkv',
  'self_attention.dense': 'attn_output',
  'mlp.dense_h_to_4h': 'ffn_up',
  'mlp.dense_4h_to_h': 'ffn_down',
  // LFM2
  operator_norm: 'attn_norm',
  ffn_norm: 'ffn_norm',
  'self_attn.out_proj': 'attn_output',
  'self_attn.q_layernorm': 'attn_q_norm',
  'self_attn.k_layernorm': 'attn_k_norm',
  'conv.conv': 'shortconv.conv',
  'conv.in_proj': 'shortconv.in_proj',
  'conv.out_proj': 'shortconv.out_proj',
  'feed_forward.w1': 'ffn_gate',
  'feed_forward.w3': 'ffn_up',
  'feed_forward.w2': 'ffn_down',
  // MPT
  norm_1: 'attn_norm',
  'attn.Wqkv': 'attn_qkv',
  'attn.out_proj': 'attn_output',
  norm_2: 'ffn_norm',
  'ffn.up_proj': 'ffn_up',
  'ffn.down_proj': 'ffn_down',
  // Llama 4
  'feed_forward.gate_proj': 'ffn_gate',
  'feed_forward.up_proj': 'ffn_up',
  'feed_forward.down_proj': 'ffn_down',
};
/** Families with norms behind their blocks too: what others call the MLP's norm is the attention's second. */
const NORMS_BEHIND: Readonly<Record<string, string>> = {
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};
/** Without the `model.` (`transformer.`, `gpt_neox.`) before them, which some checkpoints leave out. */
const MODEL_NAMES: Readonly<Record<string, string>> = {
  embed_tokens: 'token_embd',
  wte: 'token_embd',
  word_embeddings: 'token_embd',
  embed_in: 'token_embd',
  word_embeddings_layernorm: 'token_embd_norm',
  // LFM2, which GGUF took by its word
  embedding_norm: 'token_embd_norm',
  wpe: 'position_embd',
  norm: 'output_norm',
  norm_f: 'output_norm',
  ln_f: 'output_norm',
  final_layernorm: 'output_norm',
  final_layer_norm: 'output_norm',
  lm_head: 'output',
  embed_out: 'output',
};

const HAS_NORMS_BEHIND = new Set(['exaone4', 'gemma2', 'gemma3', 'glm4moe', 'gpt-oss', 'olmo2']);
const STORES_NORMS_LESS_ONE = new Set(['gemma', 'gemma2', 'gemma3', 'nemotron']);
/** Their converters reorder Q and K so that the pairs of RoPE stand side by side; checkpoints have halves. */
const PERMUTED_IN_GGUF = new Set(['llama', 'granite', 'granitemoe', 'olmo', 'smollm3']);

/** Their experts' gate and up projections take turns, row by row; GGUF has each apart. */
const INTERLEAVED_EXPERTS = new Set(['gpt-oss']);
/** Their stacked experts are stored by inputs. */
const EXPERTS_BY_COLUMNS = new Set(['gpt-oss', 'llama4']);

/** Their queries, keys and values stand in one tensor, group by group; GGUF has them kind by kind. */
const GROUPED_QKV = new Set(['bloom', 'falcon', 'gptneox']);
/** Their linear layers are stored the other way round. */
const TRANSPOSED = new Set(['gpt2']);

const LAYER = /^(?:(?:model|transformer|gpt_neox)\.)?(?:layers|h|blocks)\.(\d+)\.(.+)$/;

/** GGUF's name of a checkpoint's tensor, undefined for one that no architecture reads. */
export function ggufName(name: string, architecture: string): string | undefined {
  // Models that also see or hear wrap their language model.
  const plain = name
    .replace(/^(model\.language_model|language_model\.model)\./, 'model.')
    .replace(/^language_model\.lm_head\./, 'lm_head.');
  const [, module = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(plain) ?? [];
  const whole = lookUp(MODEL_NAMES, module.replace(/^(model|transformer|gpt_neox)\./, ''));
  if (whole !== undefined) return `${whole}.${kind}`;
  const [, layer, part = ''] = LAYER.exec(module) ?? [];
  const [, index, tensor = ''] = LAYER.exec(plain) ?? [];
  const expert = ggufExpertName(tensor);
  if (expert !== undefined) return `blk.${index}.${expert}`;
  if (tensor === 'self_attn.sinks') return `blk.${index}.attn_sinks.weight`;
  const behind = HAS_NORMS_BEHIND.has(ggufArchitecture(architecture));
  const found = (behind ? lookUp(NORMS_BEHIND, part) : undefined) ?? lookUp(LAYER_NAMES, part);
  return layer !== undefined && found !== undefined ? `blk.${layer}.${found}.${kind}` : undefined;
}

/**
 * The file with GGUF's names, norms and pairs, whatever its format. Tensors without a name there stay under
 * their own, so that they can be listed; those of them that cannot be decoded are not missed.
 */
export function withGgufNames(file: ModelFile): ModelFile {
  if (file.format === 'gguf') return file;
  const { architecture } = file;
  const family = ggufArchitecture(architecture);
  const rename = (name: string) => ggufName(name, architecture);
  const tensors = new Map<string, TensorInfo>();
  for (const info of file.tensors.values()) {
    const name = rename(info.name) ?? info.name;
    const lessOne = STORES_NORMS_LESS_ONE.has(family) && name.endsWith('norm.weight');
    const named = { ...info, name, dtype: lessOne ? plusOne(info.dtype) : info.dtype };
    tensors.set(name, inOrder(named, family, file));
  }
  stackHeadNorms(tensors);
  const unsupported = new Map<string, UnsupportedTensor>();
  for (const tensor of file.unsupported.values()) {
    const name = rename(tensor.name);
    if (name === undefined) continue;
    const packed = packedHalf({ ...tensor, name });
    if (packed) tensors.set(name, packed);
    else unsupported.set(name, { ...tensor, name });
  }
  const metadata = new Map(file.metadata);
  if (INTERLEAVED_EXPERTS.has(family)) metadata.set(`${architecture}.expert_gate_up`, 'interleaved');
  if (EXPERTS_BY_COLUMNS.has(family)) metadata.set(`${architecture}.expert_layout`, 'columns');
  if (PERMUTED_IN_GGUF.has(family)) metadata.set(`${architecture}.rope.pairs`, 'halves');
  return { ...file, metadata, tensors, unsupported };
}

/** The tensor with its values in GGUF's order. */
function inOrder(info: TensorInfo, family: string, { architecture, metadata }: ModelFile): TensorInfo {
  const [, part = '', kind] = /^blk\.\d+\.(.+)\.(weight|bias)$/.exec(info.name) ?? [];
  if (TRANSPOSED.has(family) && kind === 'weight' && info.shape.length === 2) return transposed(info);
  // A convolution of each channel on its own: [channels, 1, tokens].
  if (part === 'shortconv.conv' && info.shape.length === 3 && info.shape[1] === 1) {
    return { ...info, shape: [info.shape[0]!, info.shape[2]!] };
  }
  if (!GROUPED_QKV.has(family) || part !== 'attn_qkv') return info;
  return ungrouped(info, headGroups(architecture, metadata));
}

/** How the heads of a model are grouped. Throws 'corrupt-file' where the metadata does not say. */
function headGroups(architecture: string, metadata: Metadata): HeadGroups {
  const heads = getCount(metadata, `${architecture}.attention.head_count`);
  return {
    heads,
    kvHeads: getCount(metadata, `${architecture}.attention.head_count_kv`, heads),
    headDim: getCount(
      metadata,
      `${architecture}.attention.key_length`,
      getCount(metadata, `${architecture}.embedding_length`, 0) / heads,
    ),
  };
}

/**
 * Row i of GGUF's tensor `name` is row f(i) of a checkpoint's: `permuted` where a GGUF of the family has another order
 * than a checkpoint even when loaded here, `always` where both are loaded in GGUF's. Undefined: they agree.
 */
export function checkpointRow(
  name: string,
  { architecture, metadata }: Pick<ModelFile, 'architecture' | 'metadata'>,
): { readonly when: 'permuted' | 'always'; row(at: number, rows: number): number } | undefined {
  const family = ggufArchitecture(architecture);
  const [, part] = /^blk\.\d+\.(attn_(?:q|k|qkv))\.weight$/.exec(name) ?? [];
  const moved = part === 'attn_qkv' ? GROUPED_QKV : PERMUTED_IN_GGUF;
  if (part === undefined || !moved.has(family)) return undefined;
  const groups = headGroups(architecture, metadata);
  if (part === 'attn_qkv') {
    return { when: 'always', row: (at) => groupedRow(at, groups) };
  }
  return {
    when: 'permuted',
    row(at, rows) {
      // GGUF's row 2 i + p of a head is the checkpoint's row p * half + i.
      const size = rows / (part === 'attn_q' ? groups.heads : groups.kvHeads);
      const within = at % size;
      return at - within + (within % 2) * (size / 2) + (within >> 1);
    },
  };
}

/** StableLM's norms of single heads, as one matrix for each layer. */
function stackHeadNorms(tensors: Map<string, TensorInfo>): void {
  const found = new Map<string, TensorInfo[]>();
  for (const [name, info] of tensors) {
    const [, layer, kind, head] =
      /^model\.layers\.(\d+)\.self_attn\.([qk])_layernorm\.norms\.(\d{1,4})\.weight$/.exec(name) ?? [];
    if (layer === undefined) continue;
    const whole = `blk.${layer}.attn_${kind}_norm.weight`;
    const parts = found.get(whole) ?? [];
    parts[Number(head)] = info;
    found.set(whole, parts);
  }
  for (const [whole, parts] of found) {
    // Holes of a sparse list are seen by index only.
    if (Array.from(parts).some((part) => part === undefined)) {
      throw new QuernError('corrupt-file', `Of ${whole}'s ${parts.length} heads some have no norm.`);
    }
    tensors.set(whole, stacked(whole, parts));
  }
}

function lookUp(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Reads w as 1 + w. */
function plusOne(dtype: DType): DType {
  return {
    ...dtype,
    decode(bytes, blocks, out) {
      dtype.decode(bytes, blocks, out);
      for (let i = 0; i < blocks * dtype.blockSize; i++) out[i]! += 1;
    },
  };
}
