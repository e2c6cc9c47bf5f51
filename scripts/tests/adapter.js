// Which adapter the tests in Node use: the machine's own GPU, else SwiftShader from the browser.
import { delimiter, dirname } from 'node:path';
import { runCommand } from '../setup/command.js';
import { findSwiftShader } from '../setup/find-browser.js';
import { ROOT } from '../setup/paths.js';
import { refuse, say } from '../setup/say.js';

const PROBE = `
  const { create } = await import('webgpu');
  const adapter = await create([]).requestAdapter();
  if (adapter) console.log('adapter:' + [adapter.info.vendor, adapter.info.architecture].join(' '));
  process.exit(0); // Dawn's threads would keep the process
`;

/** The environment for tests that compute. Ends the program where there is no adapter of any kind. */
export async function adapterEnvironment(browser) {
  if (process.env.VK_ICD_FILENAMES) return process.env;
  const own = await probe(process.env);
  if (own && !/swiftshader|llvmpipe/i.test(own)) {
    say(`Tests in Node use the GPU: ${own}`);
    return process.env;
  }
  const icd = findSwiftShader(browser);
  const env = icd ? softwareEnvironment(icd) : process.env;
  if (icd && (await probe(env))) {
    say(`Tests in Node use SwiftShader: ${icd}`);
    return env;
  }
  refuse(
    `No WebGPU adapter for the tests in Node: no GPU, and ${icd ? `${icd} gives none` : 'no SwiftShader beside the browser'}.\n` +
      'Debian: apt-get install chromium. Or name a Vulkan driver: VK_ICD_FILENAMES=/path/to/icd.json npm test',
  );
}

/** The browser brings a Vulkan loader too, for machines that have none of their own. */
function softwareEnvironment(icd) {
  const libraries = [dirname(icd), process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return {
    ...process.env,
    VK_ICD_FILENAMES: icd,
    QUERN_SWIFTSHADER: dirname(icd),
    LD_LIBRARY_PATH: libraries,
  };
}

async function probe(env) {
  const args = ['--input-type=module', '--eval', PROBE];
  const { code, output } = await runCommand(process.execPath, args, { cwd: ROOT, env, quiet: true });
  // Dawn writes warnings of its own to stderr.
  return code === 0 ? (/^adapter:(.*)$/m.exec(output)?.[1] ?? '') : '';
}
