// Shaders as the package carries them: without comments and the white space that only readers need. The
// linker writes them out anew, so that what a driver complains about is legible all the same.

import { readFile } from 'node:fs/promises';

/** WGSL has no strings and no preprocessor: white space matters between words and operators alone. */
export function withoutComments(wgsl) {
  return (
    wgsl
      .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ')
      .replace(/\s+/g, ' ')
      .replace(/ ?([{}()[\];:,]) ?/g, '$1')
      // Between two operands; a sign after an operator, and what could close a template, stay apart.
      .replace(/(?<=[\w)\]]) ?([-+*/%=|&^]|[-+*/|&=!]=|&&|\|\|) ?(?=[\w(])/g, '$1')
      .trim()
  );
}

/** Takes the place of Vite's own `?raw` for WGSL. */
export function shaders() {
  return {
    name: 'quern-shaders',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith('.wgsl?raw')) return undefined;
      const text = await readFile(id.slice(0, -'?raw'.length), 'utf8');
      return `export default ${JSON.stringify(withoutComments(text))};`;
    },
  };
}
