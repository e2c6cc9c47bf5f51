// The Vite plugin of both servers (development, and the preview of a build): model files, security
// headers, the way from / to the chat page.
import type { Connect, Plugin } from 'vite';
import { policyFor } from './csp.ts';
import { serveModels } from './model-files.ts';

/** Takes the place of the one that a build left on this port: it would hide what is being developed. */
const NO_SERVICE_WORKER = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', async () => {
  await registration.unregister();
  for (const page of await clients.matchAll({ type: 'window' })) page.navigate(page.url);
});
`;

export function quernServer(options: { models: string; root: string }): Plugin {
  const use = (middlewares: Connect.Server, development: boolean) => {
    middlewares.use((req, res, next) => {
      const path = new URL(req.url ?? '/', 'http://here').pathname;
      if (path === '/') return void res.writeHead(302, { location: '/chat/' }).end();
      res.setHeader('content-security-policy', policyFor(path, development));
      res.setHeader('x-content-type-options', 'nosniff');
      res.setHeader('referrer-policy', 'no-referrer');
      if (development && path === '/sw.js') {
        return void res.setHeader('content-type', 'text/javascript').end(NO_SERVICE_WORKER);
      }
      next();
    });
    middlewares.use(serveModels(options.models, options.root));
  };
  return {
    name: 'quern-server',
    configureServer: (server) => use(server.middlewares, true),
    configurePreviewServer: (server) => use(server.middlewares, false),
  };
}
