import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { IQ1_GRID, IQ2_S_GRID, IQ2_XS_GRID, IQ2_XXS_GRID, IQ3_S_GRID, IQ3_XXS_GRID } from './iq-grids.ts';
import { evenSigns, withSign } from './iq-signs.ts';

// First half of the SHA-256 of each table as gguf-py 0.19 expands it, a byte an element. The vectors of
// random blocks meet only some of the entries; a slip in any other one shows here.
test.each([
  ['IQ2_XXS', IQ2_XXS_GRID, 256, 8, '05826b5d3e472a3a78f196be62ac78ac'],
  ['IQ2_XS', IQ2_XS_GRID, 512, 8, '06e47aaca60b4dc1d9b5a3f345404370'],
  ['IQ2_S', IQ2_S_GRID, 1024, 8, 'e1aa1473412b0552c2174c30ef22ab40'],
  ['IQ3_XXS', IQ3_XXS_GRID, 256, 4, '46e35f5a997efdee6c99ce57854c8a0d'],
  ['IQ3_S', IQ3_S_GRID, 512, 4, 'bd1af4945a1717c65610b0284e4628b9'],
  ['IQ1', IQ1_GRID, 2048, 8, '07540ffc1aeaf6ad4d97e96b0fcc765a'],
])('the %s codebook is whole', (_name, grid, entries, elements, sha256) => {
  expect(grid.length).toBe(entries * elements);
  const bytes = new Uint8Array(grid.buffer);
  expect(createHash('sha256').update(bytes).digest('hex').slice(0, 32)).toBe(sha256);
});

test('sign indices give 128 patterns with an even number of minus signs', () => {
  for (let index = 0; index < 128; index++) {
    const signs = evenSigns(index);
    const minus = Array.from({ length: 8 }, (_, j) => withSign(1, signs, j)).filter((value) => value < 0);
    expect(minus.length % 2).toBe(0);
    expect(signs % 128).toBe(index);
  }
});
