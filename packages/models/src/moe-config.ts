// What `<key>.expert_*` says of a mixture of experts: how many there are, and how rows are sent to them.

import { getBoolean, getCount, getNumber, getString, type Metadata } from '@quern/formats';
import { type ExpertActivation, MOST_EXPERTS, MOST_USED, type Routing } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { ExpertLayout } from './experts.ts';

export interface MoeConfig {
  readonly experts: number;
  /** Experts that a row is sent to. */
  readonly used: number;
  /** Width of an expert. */
  readonly inner: number;
  readonly routing: Routing;
  readonly activation: ExpertActivation;
  /** What the router's weights multiply: an expert's result, or what goes into it (Llama 4). */
  readonly weighted: 'result' | 'input';
  /** Of gate and up in one tensor, and of all that are stacked. */
  readonly layout: ExpertLayout;
  /** Where `clamped` clamps. */
  readonly limit: number;
}

/** What a family does where its files say nothing. */
export interface MoeDefaults {
  readonly score: Routing['score'];
  readonly normalised: boolean;
  readonly activation?: ExpertActivation;
  /** What a group of experts stands by. */
  readonly groupsBy?: 'best' | 'best_two';
}

/** GGUF's numbers of gating functions (enum llama_expert_gating_func_type). */
const SCORES: ReadonlyMap<number, Routing['score']> = new Map([
  [1, 'softmax'],
  [2, 'sigmoid'],
  [3, 'softmax_chosen'],
]);
const NOT_GIVEN = 0;

/** Undefined for a model without experts. Throws 'corrupt-file' for counts that make no sense. */
export function moeConfig(metadata: Metadata, key: string, defaults: MoeDefaults): MoeConfig | undefined {
  const experts = getCount(metadata, `${key}.expert_count`, 0);
  if (experts === 0) return undefined;
  const used = getCount(metadata, `${key}.expert_used_count`);
  if (experts > MOST_EXPERTS || used < 1 || used > Math.min(experts, MOST_USED)) {
    throw new QuernError(
      'corrupt-file',
      `${used} of ${experts} experts a token; up to ${MOST_EXPERTS} experts are run, and from 1 to ${MOST_USED} of them a token.`,
    );
  }
  const inner =
    getCount(metadata, `${key}.expert_feed_forward_length`, undefined) ??
    getCount(metadata, `${key}.feed_forward_length`);
  if (inner < 1)
    throw new QuernError('corrupt-file', `Experts of ${inner} inner values; there must be some.`);
  const scale = getNumber(metadata, `${key}.expert_weights_scale`, 1);
  return {
    experts,
    used,
    inner,
    activation: defaults.activation ?? 'silu',
    weighted: 'result',
    layout: {
      interleaved: getString(metadata, `${key}.expert_gate_up`, 'stacked') === 'interleaved',
      transposed: getString(metadata, `${key}.expert_layout`, 'rows') === 'columns',
    },
    limit: getNumber(metadata, `${key}.swiglu_limit`, 7),
    routing: {
      score: score(metadata, key, defaults.score),
      normalised: getBoolean(metadata, `${key}.expert_weights_norm`, defaults.normalised),
      // Converters write 0 where the model has none.
      scale: scale === 0 ? 1 : scale,
      groups: groups(metadata, key, experts, used, defaults.groupsBy ?? 'best_two'),
    },
  };
}

function score(metadata: Metadata, key: string, fallback: Routing['score']): Routing['score'] {
  const number = getCount(metadata, `${key}.expert_gating_func`, NOT_GIVEN);
  const named = number === NOT_GIVEN ? fallback : SCORES.get(number);
  if (named) return named;
  throw new QuernError(
    'unsupported-architecture',
    `${key}.expert_gating_func is ${number}; 1 (softmax), 2 (sigmoid) and 3 (softmax of the chosen) are known.`,
  );
}

function groups(
  metadata: Metadata,
  key: string,
  experts: number,
  used: number,
  by: 'best' | 'best_two',
): Routing['groups'] {
  const count = getCount(metadata, `${key}.expert_group_count`, 1);
  const kept = getCount(metadata, `${key}.expert_group_used_count`, count);
  if (count <= 1 || kept === count) return undefined;
  if (count > 64 || experts % count !== 0 || kept < 1 || kept > count || (kept * experts) / count < used) {
    throw new QuernError(
      'corrupt-file',
      `${used} of ${experts} experts a token, in ${kept} of ${count} groups: groups must be of one size, at most 64, ` +
        'and those that are kept have enough experts.',
    );
  }
  return { count, kept, by };
}
