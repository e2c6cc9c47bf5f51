import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { IQ1_GRID, IQ2_S_GRID, IQ2_XS_GRID, IQ2_XXS_GRID, IQ3_S_GRID, IQ3_XXS_GRID } from './iq-grids.ts';
import { evenSigns, withSign } from './iq-signs.ts';
import { iq1_m } from './iq1_m.ts';
import { iq1_s } from './iq1_s.ts';
import { iq2_s } from './iq2_s.ts';
import { iq2_xs } from './iq2_xs.ts';
import { iq2_xxs } from './iq2_xxs.ts';
import { iq3_s } from './iq3_s.ts';
import { iq3_xxs } from './iq3_xxs.ts';

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

test.each([iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m])(
  '$name brings its codebook packed',
  (type) => {
    const grid = GRIDS[type.name]!;
    const fours = type.name.startsWith('iq3');
    expect(type.codebook!.length).toBe(fours ? grid.length : grid.length / 4);
    const ternary = type.name.startsWith('iq1');
    const unpacked = Int8Array.from(grid, (_, i) => {
      if (fours) return type.codebook![i]!;
      const code = (type.codebook![i >> 2]! >> (2 * (i & 3))) & 3;
      return ternary ? code - 1 : [8, 25, 43][code]!;
    });
    expect(unpacked).toEqual(grid);
  },
);

const GRIDS: Record<string, Int8Array> = {
  iq2_xxs: IQ2_XXS_GRID,
  iq2_xs: IQ2_XS_GRID,
  iq2_s: IQ2_S_GRID,
  iq3_xxs: IQ3_XXS_GRID,
  iq3_s: IQ3_S_GRID,
  iq1_s: IQ1_GRID,
  iq1_m: IQ1_GRID,
};
