// Joins WGSL modules with WESL: `import package::<module>::<name>`, `@if(<condition>)`, and injected
// numbers as `import constants::<NAME>`. Each file stays readable WGSL; no shader text is built in TypeScript.

import type { BindingKind, Kernel } from '@quern/gpu';
import { link } from 'wesl';

export interface KernelSource {
  /** What profiles sum over, e.g. 'matmul q4_1'. */
  name: string;
  /** The module with the entry point `main`. */
  main: string;
  /** What `main` and its imports reach as package::<key>. */
  modules?: Record<string, string>;
  conditions?: Record<string, boolean>;
  constants?: Record<string, number>;
  bindings: readonly BindingKind[];
}

/** A kernel whose key tells all that its text depends on. `name` must differ where `main` or a module does. */
export function defineKernel(source: KernelSource): Kernel {
  const conditions = source.conditions ?? {};
  const constants = source.constants ?? {};
  const on = Object.keys(conditions).filter((key) => conditions[key]);
  const set = Object.entries(constants).map(([key, value]) => `${key}=${value}`);
  return {
    key: [source.name, ...on, ...set].join(' '),
    name: source.name,
    bindings: source.bindings,
    async source() {
      const modules = Object.entries(source.modules ?? {});
      const linked = await link({
        weslSrc: {
          './main.wesl': source.main,
          ...Object.fromEntries(modules.map(([name, text]) => [`./${name}.wesl`, text])),
        },
        rootModuleName: './main.wesl',
        conditions,
        constants,
      });
      return linked.dest;
    },
  };
}
