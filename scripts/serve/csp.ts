// The Content-Security-Policy of the served pages: what a host of Quern needs to allow, and no more.

/** Model files may come from any https host, and from servers on this machine. */
const MODEL_HOSTS = "'self' https: http://127.0.0.1:* http://localhost:*";

const BASE = {
  'default-src': "'self'",
  'connect-src': MODEL_HOSTS,
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
};

/**
 * The policy for one path. Quern itself needs nothing beyond 'self'. The benchmark page may also run
 * wasm, for the engine it sets beside Quern. The development server puts styles into the page by
 * script, hence its one concession.
 */
export function policyFor(path: string, development: boolean): string {
  const policy: Record<string, string> = { ...BASE };
  if (path.startsWith('/bench')) {
    policy['script-src'] = "'self' 'wasm-unsafe-eval'";
    // onnxruntime-web imports its loader from a blob when threads are on.
    policy['worker-src'] = "'self' blob:";
  }
  if (development) policy['style-src'] = "'self' 'unsafe-inline'";
  return Object.entries(policy)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
