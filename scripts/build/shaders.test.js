import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { link } from 'wesl';
import { expect, test } from 'vitest';
import { ROOT } from '../setup/paths.js';
import { withoutComments } from './shaders.js';

test('comments and idle space go, words stay apart', () => {
  expect(withoutComments('// a\nfn f(a: u32, b: u32) -> u32 {\n  return a - b; /* c */\n}\n')).toBe(
    'fn f(a:u32,b:u32)-> u32{return a-b;}',
  );
  expect(withoutComments('else if (a) { return - -b; }')).toBe('else if(a){return - -b;}');
  expect(withoutComments('let a = b - -c * (d & 1u) == e;')).toBe('let a=b - -c*(d&1u)==e;');
  expect(withoutComments('let p: ptr<function, u32> = &v; a <<= 1u; if (b > c >> 2u) { }')).toBe(
    'let p:ptr<function,u32> = &v;a <<= 1u;if(b > c >> 2u){}',
  );
});

/** What the linker makes of a module alone: nothing of the layout is left. */
async function linked(text) {
  const { dest } = await link({ weslSrc: { './main.wesl': text }, rootModuleName: './main.wesl' });
  return dest.replace(/\s*\/\/[^\n]*/g, '').replace(/\s+/g, '');
}

test('every shader that needs no other means the same', async () => {
  const files = (await readdir(join(ROOT, 'kernels'), { recursive: true })).filter((f) =>
    f.endsWith('.wgsl'),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, 'kernels', file), 'utf8')));
  const alone = texts.filter((text) => !/^import |@if/m.test(text));
  expect(alone.length).toBeGreaterThan(5);
  for (const text of alone) expect(await linked(withoutComments(text))).toBe(await linked(text));
});
