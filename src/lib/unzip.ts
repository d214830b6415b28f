// Reads chosen files out of a zip archive that anybody may have made (APPNOTE.TXT 6.3.10, without zip64 and encryption).
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';

const inflate = promisify(inflateRaw);

/** Bytes of the list of files at most; ours has about 70 for each. */
const maxDirectoryBytes = 8 * 1024 * 1024;
const endBytes = 22;
/** A comment may stand behind the end. */
const maxCommentBytes = 65_535;
const endOfDirectory = 0x06054b50;
const directoryHeader = 0x02014b50;
const localHeader = 0x04034b50;

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

/**
 * The files that are wanted, by their names in the archive. Nothing is written to disk, so that no name can lead anywhere.
 * @param limitFor bytes of the file of this name at most; null where it is not wanted
 * @throws Error that says what is wrong with the archive; the error of the file system
 */
export async function readZip(
  file: string,
  limitFor: (name: string) => number | null,
): Promise<ReadonlyMap<string, Buffer>> {
  const handle = await open(file, 'r');
  try {
    const found = new Map<string, Buffer>();
    for (const entry of await readDirectory(handle)) {
      const limit = limitFor(entry.name);
      if (limit === null) continue;
      if (found.has(entry.name)) throw new Error(`${shown(entry.name)} is there twice`);
      found.set(entry.name, await readEntry(handle, entry, limit));
    }
    return found;
  } finally {
    await handle.close();
  }
}

async function readDirectory(handle: FileHandle): Promise<Entry[]> {
  const { size } = await handle.stat();
  const tailBytes = Math.min(size, endBytes + maxCommentBytes);
  const tail = await readAt(handle, size - tailBytes, tailBytes);
  const at = findEnd(tail);
  if (at === null) throw new Error('it is no zip archive, or it was cut off');
  const count = tail.readUInt16LE(at + 10);
  const bytes = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  if (bytes > maxDirectoryBytes) throw new Error(`its list of files has ${bytes} bytes`);
  const list = await readAt(handle, offset, bytes);
  const entries: Entry[] = [];
  let position = 0;
  for (let index = 0; index < count; index += 1) {
    if (position + 46 > list.length || list.readUInt32LE(position) !== directoryHeader) {
      throw new Error('its list of files is broken');
    }
    const nameBytes = list.readUInt16LE(position + 28);
    const next =
      position + 46 + nameBytes + list.readUInt16LE(position + 30) + list.readUInt16LE(position + 32);
    if (next > list.length) throw new Error('its list of files is broken');
    entries.push({
      name: list.toString('utf8', position + 46, position + 46 + nameBytes),
      flags: list.readUInt16LE(position + 8),
      method: list.readUInt16LE(position + 10),
      crc: list.readUInt32LE(position + 16),
      packedBytes: list.readUInt32LE(position + 20),
      bytes: list.readUInt32LE(position + 24),
      offset: list.readUInt32LE(position + 42),
    });
    position = next;
  }
  return entries;
}

function findEnd(tail: Buffer): number | null {
  for (let at = tail.length - endBytes; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === endOfDirectory) return at;
  }
  return null;
}

async function readEntry(handle: FileHandle, entry: Entry, limit: number): Promise<Buffer> {
  const { name, flags, method, crc, packedBytes, bytes, offset } = entry;
  const fail = (why: string) => new Error(`${shown(name)} ${why}`);
  if ((flags & 1) !== 0) throw fail('is encrypted');
  if (method !== 0 && method !== 8) throw fail(`is packed in a way that is not known here (${method})`);
  if (bytes > limit || packedBytes > limit)
    throw fail(`has ${Math.max(bytes, packedBytes)} bytes of at most ${limit}`);
  const head = await readAt(handle, offset, 30);
  if (head.readUInt32LE(0) !== localHeader) throw fail('is not where the list of files says');
  const start = offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const packed = await readAt(handle, start, packedBytes);
  let content = packed;
  if (method === 8) {
    // What it says of its size is only a claim.
    content = await inflate(packed, { maxOutputLength: Math.max(1, limit) }).catch((cause: unknown) => {
      throw new Error(`${shown(name)} cannot be unpacked`, { cause });
    });
  }
  if (content.length !== bytes || crc32(content) !== crc) throw fail('is damaged');
  return content;
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, position);
  if (bytesRead < bytes) throw new Error('it is cut off');
  return buffer;
}

/** A name from outside, so that it does nothing to a terminal. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
