// Names of remote files: the cache key, the file name, and a form fit for messages.

// Query parameters that sign or authorise a request: they differ from visit to visit while the file is
// the same, and must not be written to disk. AWS, Google and CloudFront signatures, plain tokens.
const SECRET =
  /^(x-amz-.*|x-goog-.*|awsaccesskeyid|googleaccessid|signature|sig|expires|policy|key-pair-id|token|access_token|auth_token|authorization|api_?key|password|secret)$/i;
// Azure's short names say something only beside its signature.
const AZURE = /^(se|sp|sv|sr|st|spr|sip|skoid|sktid|skt|ske|sks|skv)$/i;

/** The cache key of a URL: no user, password, fragment, nor query parameters that carry secrets. */
export function keyOfUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.protocol === 'blob:') return url;
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const azure = parsed.searchParams.has('sig');
  const names = [...parsed.searchParams.keys()];
  for (const name of names) {
    if (SECRET.test(name) || (azure && AZURE.test(name))) parsed.searchParams.delete(name);
  }
  parsed.searchParams.sort();
  return parsed.href;
}

/** For messages: host and path only. */
export function publicUrl(url: string): string {
  const parsed = new URL(url);
  return parsed.protocol === 'blob:' ? url : `${parsed.origin}${parsed.pathname}`;
}

/** The last part of the path, as a file name. */
export function nameOfUrl(url: string): string {
  const last = new URL(url).pathname.split('/').pop() ?? '';
  try {
    return decodeURIComponent(last) || url;
  } catch {
    return last;
  }
}
