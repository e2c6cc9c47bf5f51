// The tensors of a file, counted by their types.

import type { ModelFile } from '@quern/formats';

/** Tensors, elements and bytes by block type; of types that cannot be decoded the bytes are not known. */
export type TensorTable = Record<string, { count: number; elements: number; bytes: number }>;

export function tensorTable({
  tensors,
  unsupported,
}: Pick<ModelFile, 'tensors' | 'unsupported'>): TensorTable {
  const table: TensorTable = {};
  const add = (type: string, shape: readonly number[], bytes: number) => {
    const row = (table[type] ??= { count: 0, elements: 0, bytes: 0 });
    row.count += 1;
    row.elements += shape.reduce((product, n) => product * n, 1);
    row.bytes += bytes;
  };
  for (const { dtype, shape, byteLength } of tensors.values()) add(dtype.name, shape, byteLength);
  for (const { typeName, shape } of unsupported.values()) add(typeName.toLowerCase(), shape, 0);
  return table;
}

/** In the words of the public API. */
export function countTensors(table: TensorTable): {
  parameters: number;
  tensorTypes: Record<string, number>;
} {
  return {
    parameters: Object.values(table).reduce((sum, { elements }) => sum + elements, 0),
    tensorTypes: Object.fromEntries(Object.entries(table).map(([type, { count }]) => [type, count])),
  };
}
