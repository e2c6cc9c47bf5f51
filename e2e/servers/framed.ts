// The served pages behind a page of the tests' own that has them in a frame, for browsers that nothing drives: same
// origin, so its script can look and press as a person would.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { Reports } from './reports.ts';

export interface FramedServer {
  /** The page with the frame. */
  readonly url: string;
  /** What its script tells when it is `at` that point (a POST of JSON to /tell). Throws what failed there. */
  told<T>(at: string): Promise<T>;
  close(): Promise<void>;
}

/** `pages`: their server's origin; `driver`: path of the script. */
export async function serveFramed(pages: string, driver: string): Promise<FramedServer> {
  const reports = new Reports();
  const script = await readFile(driver);
  const server = createServer((req, res) => {
    if (req.url === '/tell') return void reports.hear(req, res);
    if (req.url === '/driver') {
      return void res
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          '<!doctype html><title>Driver</title><iframe width="1000" height="700"></iframe><script type="module" src="/driver.js"></script>',
        );
    }
    if (req.url === '/driver.js') {
      return void res.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    }
    return pass(pages, req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/driver`,
    told: (at) => reports.told(at),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pass(pages: string, req: IncomingMessage, res: ServerResponse): void {
  const { host } = new URL(pages);
  const onward = request(
    new URL(req.url ?? '/', pages),
    { method: req.method, headers: { ...req.headers, host } },
    (answer) => {
      const headers = { ...answer.headers };
      // The pages refuse frames; all else that they ask stays.
      const policy = headers['content-security-policy'];
      if (policy !== undefined) {
        headers['content-security-policy'] = String(policy).replace(
          "frame-ancestors 'none'",
          "frame-ancestors 'self'",
        );
      }
      res.writeHead(answer.statusCode ?? 500, headers);
      answer.pipe(res);
    },
  );
  onward.on('error', () => res.destroy());
  req.pipe(onward);
}
