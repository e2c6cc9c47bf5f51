import type { Activation } from './glu.ts';

/** In f64; the error function by its series, which is exact enough for |x| < 6 and saturates beyond. */
const ACTIVATIONS: Record<Activation, (x: number) => number> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu2: (x) => Math.max(x, 0) ** 2,
};

function erf(z: number): number {
  if (Math.abs(z) > 5) return Math.sign(z);
  let term = z;
  let sum = z;
  for (let n = 1; n < 200; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** [rows, 2n] gate before up -> [rows, n] activation(gate) * up. */
export function gluRef(
  gateUp: ArrayLike<number>,
  rows: number,
  n: number,
  activation: Activation = 'silu',
): Float64Array {
  const y = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < n; o++) {
      y[r * n + o] = ACTIVATIONS[activation](gateUp[r * 2 * n + o]!) * gateUp[r * 2 * n + n + o]!;
    }
  }
  return y;
}

export function activationRef(x: ArrayLike<number>, activation: Activation): Float64Array {
  return Float64Array.from(x, ACTIVATIONS[activation]);
}
