// Writes small safetensors files, sound by default and broken on request (`header` replaces the JSON).

export interface SafetensorsTensor {
  readonly name: string;
  /** The format's own word: 'BF16'. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The bytes of a safetensors file: tensors one after another, without holes. */
export function writeSafetensors(
  tensors: readonly SafetensorsTensor[],
  header?: unknown,
): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(header ?? Object.fromEntries(entries)));
  const out = new Uint8Array(8 + json.length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  let at = 8 + json.length;
  for (const { bytes } of tensors) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}
