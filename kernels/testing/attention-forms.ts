// The forms of attention, each with the variants that give it.

export const ATTENTION_FORMS = {
  thread: { attention: 'thread', subgroups: 'off' },
  quad: { attention: 'thread', subgroups: 'on' },
  tile: { attention: 'tile' },
} as const;

export type AttentionForm = keyof typeof ATTENTION_FORMS;
