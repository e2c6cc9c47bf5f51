/** The words of a uniform struct: numbers are u32, `{ f32 }` are floats. */
export function words(...fields: Array<number | { readonly f32: number }>): Uint32Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.length * 4));
  fields.forEach((field, i) => {
    if (typeof field === 'number') view.setUint32(i * 4, field, true);
    else view.setFloat32(i * 4, field.f32, true);
  });
  return new Uint32Array(view.buffer);
}
