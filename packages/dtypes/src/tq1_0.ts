// TQ1_0: 256 ternary elements in 54 bytes: qs 48 (five trits a byte), qh 4 (four trits a byte), f16 d.
// A byte q holds trits as a fraction of 256: trit n is (q * 3^n mod 256) * 3 >> 8. Trit n of qs[i], i < 32, is
// element 32 n + i; of qs[32 + i], i < 16, element 160 + 16 n + i; of qh[i], element 240 + 4 n + i.
// value = (trit - 1) * d
// GPU: quants = qs (48); scales = qh, f16 d, 2 zero bytes (8).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

/** Runs of `width` bytes at `from`, of `trits` each, for the elements from `element` on. */
const PARTS = [
  { from: 0, width: 32, trits: 5, element: 0 },
  { from: 32, width: 16, trits: 5, element: 160 },
  { from: 48, width: 4, trits: 4, element: 240 },
];

export const tq1_0 = blockType({
  name: 'tq1_0',
  id: 34,
  blockSize: 256,
  blockBytes: 54,
  quants: [[0, 48]],
  scales: [[48, 6]],
  scalePadding: 2,
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 54;
      const d = readF16(bytes, block + 52);
      for (const { from, width, trits, element } of PARTS) {
        for (let n = 0; n < trits; n++) {
          for (let i = 0; i < width; i++) {
            const fraction = (bytes[block + from + i]! * 3 ** n) & 255;
            out[b * 256 + element + n * width + i] = (((fraction * 3) >> 8) - 1) * d;
          }
        }
      }
    }
  },
});
