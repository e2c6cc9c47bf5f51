// Builds and serves the pages for the whole run, on a port of its own: a `npm start` may be running.
import { serve } from '../../scripts/serve/server.js';

export const PAGES = 'http://127.0.0.1:5229';

export default async function servePages(): Promise<() => Promise<void>> {
  const server = await serve(5229);
  return () => server.close();
}
