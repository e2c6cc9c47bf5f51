// Puts a stream of bytes down as a file, only if its SHA-256 is the right one.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** True when the file is there with this size and SHA-256. */
export async function isFile(path, bytes, sha256) {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== bytes) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === sha256;
}

/**
 * Writes `source` (a Readable) to `path`, by way of a .part file, so that a file of that name is
 * always whole. Throws when the hash differs. `onBytes` gets the bytes so far.
 */
export async function writeChecked(source, path, sha256, onBytes = () => {}) {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
  try {
    await pipeline(source, meter, createWriteStream(part));
    const got = hash.digest('hex');
    if (got !== sha256) throw new Error(`its SHA-256 is ${got}, not ${sha256} (${bytes} bytes)`);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
