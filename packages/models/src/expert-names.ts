// What Hugging Face checkpoints call the tensors of a mixture of experts, in GGUF's words. Both names are
// those within a layer, with their `.weight`.

/** Whole tensors, some of which have no `.weight` there. */
const TENSORS: Readonly<Record<string, string>> = {
  'block_sparse_moe.input_linear.weight': 'ffn_gate_up_exps.weight',
  'block_sparse_moe.output_linear.weight': 'ffn_down_exps.weight',
  'block_sparse_moe.router.layer.weight': 'ffn_gate_inp.weight',
  'feed_forward.expert_bias': 'exp_probs_b.bias',
  'feed_forward.experts.down_proj': 'ffn_down_exps.weight',
  'feed_forward.experts.gate_up_proj': 'ffn_gate_up_exps.weight',
  'mlp.experts.down_proj': 'ffn_down_exps.weight',
  'mlp.experts.down_proj_bias': 'ffn_down_exps.bias',
  'mlp.experts.down_proj_blocks': 'ffn_down_exps.blocks',
  'mlp.experts.down_proj_scales': 'ffn_down_exps.scales',
  'mlp.experts.e_score_correction_bias': 'exp_probs_b.bias',
  'mlp.experts.gate_up_proj': 'ffn_gate_up_exps.weight',
  'mlp.experts.gate_up_proj_bias': 'ffn_gate_up_exps.bias',
  'mlp.experts.gate_up_proj_blocks': 'ffn_gate_up_exps.blocks',
  'mlp.experts.gate_up_proj_scales': 'ffn_gate_up_exps.scales',
  'mlp.gate.e_score_correction_bias': 'exp_probs_b.bias',
  'mlp.moe_statics.e_score_correction_bias': 'exp_probs_b.bias',
  'mlp.shared_expert_gate.weight': 'ffn_gate_inp_shexp.weight',
};
const ROUTERS = new Set([
  'mlp.gate',
  'mlp.router',
  'block_sparse_moe.gate',
  'feed_forward.gate',
  'feed_forward.router',
]);
/** A projection of one expert: some have numbers where others have words. */
const PROJECTIONS: Readonly<Record<string, string>> = {
  gate_proj: 'gate',
  up_proj: 'up',
  down_proj: 'down',
  gate_up_proj: 'gate_up',
  input_linear: 'gate_up',
  output_linear: 'down',
  w1: 'gate',
  w2: 'down',
  w3: 'up',
};

/** Undefined for what is no part of a mixture of experts. */
export function ggufExpertName(name: string): string | undefined {
  const whole = find(TENSORS, name);
  if (whole !== undefined) return whole;
  const [, module = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  if (ROUTERS.has(module)) return `ffn_gate_inp.${kind}`;
  const [, block = '', projection = ''] = /^(.*)\.(\w+)$/.exec(module) ?? [];
  const word = find(PROJECTIONS, projection);
  if (word === undefined) return undefined;
  if (/^((mlp|feed_forward)\.shared_experts?|shared_mlp)$/.test(block)) return `ffn_${word}_shexp.${kind}`;
  // One expert's tensors are called what early GGUF files called them.
  const [, expert] = /^(?:mlp|block_sparse_moe|feed_forward)\.experts\.(\d{1,4})$/.exec(block) ?? [];
  return expert === undefined ? undefined : `ffn_${word}.${Number(expert)}.${kind}`;
}

function find(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
