// The inner loops of repacking: the same run of bytes of every block, from one stride to another.
// They run over every byte of a model while it loads. A call of set() per block costs more than the
// bytes it moves (18 to 210), so runs are copied in the widest word that every offset allows.

/**
 * For every block b < blocks copies `length` bytes from `from[b * fromStride + fromAt ..]` to
 * `to[b * toStride + toAt ..]`. The two must not overlap.
 */
export function copyRuns(
  from: Uint8Array,
  fromStride: number,
  fromAt: number,
  to: Uint8Array,
  toStride: number,
  toAt: number,
  length: number,
  blocks: number,
): void {
  if (fromStride === length && toStride === length) {
    to.set(from.subarray(fromAt, fromAt + length * blocks), toAt);
    return;
  }
  const a = from.byteOffset + fromAt;
  const b = to.byteOffset + toAt;
  const mixed = a | b | fromStride | toStride | length;
  // The last run may end before its stride does: a view covers whole runs only.
  const fromBytes = (blocks - 1) * fromStride + length;
  const toBytes = (blocks - 1) * toStride + length;
  if (blocks <= 0) return;
  if ((mixed & 3) === 0) {
    const source = new Uint32Array(from.buffer, a, fromBytes >> 2);
    const target = new Uint32Array(to.buffer, b, toBytes >> 2);
    copyWords(source, fromStride >> 2, target, toStride >> 2, length >> 2, blocks);
  } else if ((mixed & 1) === 0) {
    const source = new Uint16Array(from.buffer, a, fromBytes >> 1);
    const target = new Uint16Array(to.buffer, b, toBytes >> 1);
    copyHalves(source, fromStride >> 1, target, toStride >> 1, length >> 1, blocks);
  } else {
    copyBytes(from.subarray(fromAt), fromStride, to.subarray(toAt), toStride, length, blocks);
  }
}

/** Zeroes `length` bytes at `at` of every block. */
export function zeroRuns(to: Uint8Array, stride: number, at: number, length: number, blocks: number): void {
  for (let b = 0; b < blocks; b++) {
    const start = b * stride + at;
    for (let i = start; i < start + length; i++) to[i] = 0;
  }
}

// One function for each element width: the loops stay monomorphic, which is what makes them fast.

function copyWords(
  from: Uint32Array,
  fromStride: number,
  to: Uint32Array,
  toStride: number,
  n: number,
  blocks: number,
): void {
  for (let b = 0, s = 0, t = 0; b < blocks; b++, s += fromStride, t += toStride) {
    for (let i = 0; i < n; i++) to[t + i] = from[s + i]!;
  }
}

function copyHalves(
  from: Uint16Array,
  fromStride: number,
  to: Uint16Array,
  toStride: number,
  n: number,
  blocks: number,
): void {
  for (let b = 0, s = 0, t = 0; b < blocks; b++, s += fromStride, t += toStride) {
    for (let i = 0; i < n; i++) to[t + i] = from[s + i]!;
  }
}

function copyBytes(
  from: Uint8Array,
  fromStride: number,
  to: Uint8Array,
  toStride: number,
  n: number,
  blocks: number,
): void {
  for (let b = 0, s = 0, t = 0; b < blocks; b++, s += fromStride, t += toStride) {
    for (let i = 0; i < n; i++) to[t + i] = from[s + i]!;
  }
}
