// What self-tests are tested with: a small need, and tools with a kernel that computes wrong.

import { dtypeByName } from '@quern/dtypes';
import type { Kernel, Recorder } from '@quern/gpu';
import type { KvShape } from '@quern/kernels';
import type { Need } from '../self-test/need.ts';
import { type Tools, TOOLS } from '../self-test/tools.ts';

/** Milliseconds: other tests may have the machine. */
export const LONG = 100_000;

export const KV: KvShape = { type: 'f16', kvHeads: 3, keyDim: 64, valueDim: 64 };

export function needOfTest(quant: string, { kv = KV, experts = 1 } = {}): Need {
  const matrices = [{ dtype: dtypeByName(quant)!, rows: 256, cols: 256, experts, bytes: 1e7 }];
  return { matrices, dim: 256, layers: 2, heads: 9, kv, chunkRows: 32 };
}

/** The kernels whose name begins so, with another source. */
export function sabotaged(name: string, alter: (source: string) => string): Tools {
  return {
    ...TOOLS,
    matmul: (rec, options) => TOOLS.matmul(altering(rec), options),
    moeMatmul: (rec, options) => TOOLS.moeMatmul(altering(rec), options),
  };

  function altering(rec: Recorder): Recorder {
    const { gpu: device, variants } = rec;
    const dispatch: Recorder['dispatch'] = (one) => rec.dispatch({ ...one, kernel: altered(one.kernel) });
    return { gpu: device, variants, dispatch } as Recorder;
  }

  function altered(kernel: Kernel): Kernel {
    if (!kernel.name.startsWith(name)) return kernel;
    const key = `${kernel.key}, altered ${String(alter)}`;
    return { ...kernel, key, source: async () => alter(await kernel.source()) };
  }
}

export const WRONG = (source: string) => source.replace('var value = sum;', 'var value = sum * 1.01;');
export const UNWRITTEN = (source: string) =>
  source.replace(/y\[[^=;]*\] = value;/, (store) => `if (output % 7u != 3u) { ${store} }`);
export const BROKEN = (source: string) => source.replace('var value = sum;', 'var value = nothing;');
export const SLOW = (source: string) =>
  source.replace(
    'var value = sum;',
    'var wait = sum; for (var i = 0; i < 20000; i++) { wait = fract(wait + 0.37); } var value = sum + 1e-30 * wait;',
  );
