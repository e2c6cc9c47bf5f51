// A kernel as this room sees it: linked WGSL, an entry point, and what its bindings are. Bindings are
// @group(0) @binding(0..n-1) in order; a 'uniform' one holds the dispatch's parameters.

export type BindingKind = 'read' | 'write' | 'uniform';

export interface Kernel {
  /** Unique per source: 'matmul-thread q4_1 tokens=4'. Shown in errors and profiles. */
  readonly key: string;
  /** What the profile sums over: 'matmul q4_1'. */
  readonly name: string;
  /** Linked only when the pipeline is first made. */
  source(): Promise<string>;
  readonly bindings: readonly BindingKind[];
}
