// QUERN_VARIANTS=gemv=workgroup,gemm=tile runs whole models in these variants instead of the adapter's own.

/** Undefined where the variable is not set. */
export function forcedVariants(): Record<string, string> | undefined {
  const text = process.env['QUERN_VARIANTS'];
  if (!text) return undefined;
  return Object.fromEntries(
    text.split(',').map((item) => {
      const [axis, value, ...more] = item.split('=');
      if (!axis || !value || more.length > 0) {
        throw new Error(`QUERN_VARIANTS takes axis=value with commas between, not ${JSON.stringify(item)}`);
      }
      return [axis, value];
    }),
  );
}
