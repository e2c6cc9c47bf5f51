// `npm run build`: makes packages/quern/dist, which `npm pack -w packages/quern` packs. Names of parts
// (page, worker, node, types) build those only. Prints what a visitor will download.

import { declarations } from './build/declarations.js';
import { buildPart } from './build/fresh.js';
import { DIST } from './build/paths.js';
import { sizeReport } from './build/sizes.js';

const PARTS = ['page', 'worker', 'node', 'types'];

const wanted = process.argv.slice(2);
const unknown = wanted.find((part) => !PARTS.includes(part));
if (unknown) {
  console.error(`There is no part ${unknown}; there are ${PARTS.join(', ')}.`);
  process.exit(1);
}
for (const part of wanted.length > 0 ? wanted : PARTS) {
  if (part === 'types') await declarations(DIST);
  else await buildPart(part);
}
if (wanted.length === 0) console.log(await sizeReport(DIST));
