// Reads one entry of a zip archive (PKWARE APPNOTE 6.3): enough for a wheel, whose entries are stored
// or deflated and below 4 GiB. Not an archiver: no zip64, no encryption, no writing.
import { open } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createInflateRaw } from 'node:zlib';

const END = 0x06054b50; // end of central directory
const ENTRY = 0x02014b50; // central directory entry
const LOCAL = 0x04034b50; // local header
const DEFLATED = 8;

/**
 * A Node Readable of the bytes of the first entry whose name ends with `suffix`.
 * Throws an Error when the file is no zip, or has no such entry, or packs it in another way.
 */
export async function openZipEntry(path, suffix) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = await at(file, Math.max(0, size - 65557), Math.min(size, 65557));
    const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    if (end < 0 || tail.readUInt32LE(end) !== END) throw new Error(`${path} is not a zip archive`);
    const length = tail.readUInt32LE(end + 12);
    const start = tail.readUInt32LE(end + 16);
    if (start + length > size) throw new Error(`${path}: its directory lies outside of the file`);
    const entry = findEntry(await at(file, start, length), suffix);
    if (!entry) throw new Error(`${path} holds no file that ends with ${suffix}`);
    const header = await at(file, entry.offset, 30);
    if (header.readUInt32LE(0) !== LOCAL) throw new Error(`${path}: no local header at ${entry.offset}`);
    const first = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = createReadStream(path, { start: first, end: first + entry.packed - 1 });
    if (entry.method === 0) return packed;
    if (entry.method !== DEFLATED) throw new Error(`${path}: packing method ${entry.method} is not known`);
    const inflate = createInflateRaw();
    packed.on('error', (error) => inflate.destroy(error));
    return packed.pipe(inflate);
  } finally {
    await file.close();
  }
}

function findEntry(directory, suffix) {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const nameLength = directory.readUInt16LE(at + 28);
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    if (name.endsWith(suffix)) {
      return {
        method: directory.readUInt16LE(at + 10),
        packed: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return undefined;
}

async function at(file, position, length) {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error(`the zip archive ends early, at ${position + bytesRead}`);
  return buffer;
}
