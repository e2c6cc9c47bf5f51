// A mixture of experts in the place of an MLP (arXiv 1701.06538, 2101.03961): a router sends each row to a few
// experts, gated MLPs whose results are summed by the router's weights; shared experts take every row.

import type { Recorder, Tensor } from '@quern/gpu';
import {
  moeMatmul,
  moeRoute,
  moeSort,
  moeSpread,
  moeSum,
  mostTiles,
  type Sorted,
  sortedHeight,
} from '@quern/kernels';
import { type Experts, hasStacked } from '../experts.ts';
import { linear, type Linear } from '../linear.ts';
import type { MoeConfig } from '../moe-config.ts';
import type { WeightRegistry } from '../weight-registry.ts';
import { type Mlp, mlp } from './mlp.ts';
import { type NormInput, toNorm } from './norm.ts';

export interface Moe extends MoeConfig {
  /** Rows: a logit for each expert. */
  readonly router: Linear;
  /** [experts] f32, added to the scores for the choice alone. */
  readonly correction: Tensor | undefined;
  /** Rows of an expert: gate, then up. */
  readonly gateUp: Experts;
  readonly down: Experts;
  /** Takes every row; its result is multiplied by the sigmoid of the gate, if there is one. */
  readonly shared: { readonly mlp: Mlp; readonly gate: Linear | undefined } | undefined;
}

/** At most this many rows are gathered one by one; more are sorted by expert. */
const GATHERED_ROWS = 8;

/** True if layer i has a router: where a model has leading dense layers, those have none. */
export function hasExperts(weights: WeightRegistry, i: number): boolean {
  return weights.has(`blk.${i}.ffn_gate_inp.weight`);
}

/** The block of layer i. Throws 'corrupt-file' for tensors that are missing or of other shapes. */
export function moeBlock(weights: WeightRegistry, dim: number, c: MoeConfig, i: number): Moe {
  const { experts: count, inner } = c;
  const blk = `blk.${i}`;
  const correction = ['bias', 'weight'].map((kind) => `${blk}.exp_probs_b.${kind}`);
  const both = `${blk}.ffn_gate_up_exps`;
  const stacked = hasStacked(weights, both);
  return {
    ...c,
    router: weights.linear(`${blk}.ffn_gate_inp`, dim, [[`${blk}.ffn_gate_inp.weight`, count]]),
    correction: weights.optionalVector(correction.find((name) => weights.has(name)) ?? correction[0]!, count),
    gateUp: weights.experts(
      `${blk}.experts.gate_up`,
      { count, cols: dim },
      stacked
        ? [[both, 2 * inner]]
        : [
            [`${blk}.ffn_gate_exps`, inner],
            [`${blk}.ffn_up_exps`, inner],
          ],
      stacked ? c.layout : {},
    ),
    down: weights.experts(`${blk}.experts.down`, { count, cols: inner }, [[`${blk}.ffn_down_exps`, dim]], {
      transposed: c.layout.transposed === true,
    }),
    shared: sharedExpert(weights, dim, blk),
  };
}

function sharedExpert(weights: WeightRegistry, dim: number, blk: string): Moe['shared'] {
  const [gate, up, down] = ['gate', 'up', 'down'].map((name) => `${blk}.ffn_${name}_shexp.weight`) as [
    string,
    string,
    string,
  ];
  // As wide as its tensors: what files call its width differs, and several are stored as one.
  const inner = weights.shape(down)?.[1];
  if (inner === undefined) return undefined;
  const both = `${blk}.ffn_gate_up_shexp.weight`;
  const gateOfShared = `${blk}.ffn_gate_inp_shexp.weight`;
  return {
    mlp: {
      gateUp: weights.linear(
        `${blk}.shared.gate_up`,
        dim,
        weights.has(both)
          ? [[both, 2 * inner]]
          : [
              [gate, inner],
              [up, inner],
            ],
      ),
      gated: true,
      down: weights.linear(`${blk}.shared.down`, inner, [[down, dim]]),
      activation: 'silu',
    },
    gate: weights.has(gateOfShared)
      ? weights.linear(`${blk}.shared.gate`, dim, [[gateOfShared, 1]])
      : undefined,
  };
}

/** Rows for the norm in, the residual added if there is one: [rows, dim] -> [rows, dim]. */
export function moe(
  rec: Recorder,
  block: Moe,
  { x: input, residual, step }: { x: NormInput; residual: Tensor | undefined; step: Tensor },
): Tensor {
  // The router and the experts read the same rows, gathered.
  const x = input.normed();
  const { used, routing, gateUp, down, activation, shared } = block;
  const rows = x.shape[0]!;
  const slots = rows * used;
  const logits = linear(rec, block.router, { x, step, name: 'moe.router' });
  const routes = rec.scratch('moe.routes', [rows, used, 2]);
  moeRoute(rec, { ...routing, logits, bias: block.correction, step, routes });
  const sorted = rows > GATHERED_ROWS ? sort(rec, block, routes, step) : undefined;

  const inner = rec.scratch('moe.inner', [slots, block.inner]);
  let gathered = x;
  if (block.weighted === 'input') {
    gathered = rec.scratch('moe.input', [slots, x.shape[1]!]);
    moeSpread(rec, { x, routes, step, y: gathered });
  }
  const common = { routes, sorted, step };
  const [first, second] = gateUp.weights;
  const kind = second ? 'onto' : 'fused';
  if (second) moeMatmul(rec, { ...common, weight: first!.weight, bias: first!.bias, x: gathered, y: inner });
  const gated = second ?? first!;
  moeMatmul(rec, {
    ...common,
    weight: gated.weight,
    bias: gated.bias,
    x: gathered,
    y: inner,
    gate: { kind, activation, limit: block.limit },
  });
  const results = rec.scratch('moe.results', [slots, down.rows]);
  const { weight, bias } = down.weights[0]!;
  moeMatmul(rec, { ...common, weight, bias, x: inner, y: results });

  const y = rec.scratch('moe', [rows, down.rows]);
  moeSum(rec, {
    slots: results,
    routes,
    weighted: block.weighted === 'result',
    shared: shared && {
      x: mlp(rec, shared.mlp, { x: toNorm(rec, undefined, { x, step }), residual: undefined, step }),
      gate: shared.gate && linear(rec, shared.gate, { x, step, name: 'shared.gate' }),
    },
    residual,
    step,
    y,
  });
  return y;
}

function sort(rec: Recorder, { experts, used }: Moe, routes: Tensor, step: Tensor): Sorted {
  const slots = routes.shape[0]! * used;
  const height = sortedHeight(rec);
  const sorted = {
    tiles: rec.scratch('moe.tiles', [1 + mostTiles(slots, experts, height), 4]),
    order: rec.scratch('moe.order', [slots]),
    height,
  };
  moeSort(rec, { ...sorted, routes, experts, step });
  return sorted;
}
