// npm start: everything from a bare clone to the chat page.
//   npm start                               serves the page and prints its address
//   npm start -- --prompt "Why is ...?"     answers at the terminal, through the same page, headless
//   --model URL|HUB-ID   another model      --port N   another port than 5219
// Only Node is needed to start; what is missing is installed first.
import { parseArgs } from 'node:util';
import { install } from './setup/install.js';
import { ensureModel } from './setup/model.js';
import { PROFILE } from './setup/paths.js';
import { refuse, say } from './setup/say.js';

const options = readArguments();
await install();
if (!options.model) await ensureModel();
// Only from here on are there dependencies to import.
const { serve } = await import('./serve/server.js');
const server = await serve(options.port).catch((error) => refuse(error.message));

if (options.prompt === undefined) {
  if (server.reused) say('The server runs already.');
  const query = options.model ? `?model=${encodeURIComponent(options.model)}` : '';
  say(`\nQuern is at ${server.url}/chat/${query}\nThe benchmark is at ${server.url}/bench/`);
  if (!server.reused) say('Ctrl+C stops it.');
} else {
  const { ensureBrowser } = await import('./setup/install-browser.js');
  const browser = await ensureBrowser();
  const { ask } = await import('./browser/ask.js');

  const answered = await ask({ url: server.url, browser, profile: PROFILE, ...options }).catch((error) => {
    say(error.message);
    return false;
  });
  await server.close();
  process.exit(answered ? 0 : 1);
}

function readArguments() {
  const known = { prompt: { type: 'string' }, model: { type: 'string' }, port: { type: 'string' } };
  try {
    const { values } = parseArgs({ options: known });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
      refuse(`--port takes a number from 1 to 65535, not ${values.port}`);
    }
    return { ...values, port };
  } catch (error) {
    refuse(`${error.message}\nnpm start [-- --prompt TEXT] [--model URL|HUB-ID] [--port N]`);
  }
}
