import { expect, test } from 'vitest';
import { ggufExpertName } from './expert-names.ts';

test.each([
  ['mlp.gate.weight', 'ffn_gate_inp.weight'],
  ['mlp.router.bias', 'ffn_gate_inp.bias'],
  ['block_sparse_moe.gate.weight', 'ffn_gate_inp.weight'],
  ['mlp.experts.17.up_proj.weight', 'ffn_up.17.weight'],
  ['block_sparse_moe.experts.7.w2.weight', 'ffn_down.7.weight'],
  ['mlp.shared_expert.down_proj.weight', 'ffn_down_shexp.weight'],
  ['mlp.shared_experts.gate_proj.weight', 'ffn_gate_shexp.weight'],
  ['shared_mlp.input_linear.weight', 'ffn_gate_up_shexp.weight'],
  ['mlp.shared_expert_gate.weight', 'ffn_gate_inp_shexp.weight'],
  ['mlp.experts.gate_up_proj_blocks', 'ffn_gate_up_exps.blocks'],
  ['mlp.gate.e_score_correction_bias', 'exp_probs_b.bias'],
  ['feed_forward.router.weight', 'ffn_gate_inp.weight'],
  ['feed_forward.experts.gate_up_proj', 'ffn_gate_up_exps.weight'],
  ['feed_forward.shared_expert.up_proj.weight', 'ffn_up_shexp.weight'],
  ['mlp.gate_proj.weight', undefined],
  ['mlp.experts.constructor.weight', undefined],
  ['constructor', undefined],
  ['self_attn.q_proj.weight', undefined],
])('%s is %s', (name, expected) => {
  expect(ggufExpertName(name)).toBe(expected);
});
