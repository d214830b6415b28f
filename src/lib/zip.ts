// Writes a zip archive, in memory or in pieces: deflated files with UTF-8 names (APPNOTE.TXT 6.3.10, without zip64).
import { promisify } from 'node:util';
import { crc32, deflateRaw, deflateRawSync } from 'node:zlib';

/** One file of the archive. */
export interface ZipEntry {
  /** Relative, with `/` between folders, no `..`. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Files in an archive at most: their count has 16 bits. */
const maxEntries = 65_535;
/** Bytes of an archive in memory at most: what a small host can hold. */
const maxBytes = 64 * 1024 * 1024;

const deflate = promisify(deflateRaw);

const localHeader = 0x04034b50;
const directoryHeader = 0x02014b50;
const endOfDirectory = 0x06054b50;
/** Version 2.0: folders and deflate. */
const version = 20;
/** Bit 11: the name is UTF-8. */
const flags = 0x0800;
const methods = { stored: 0, deflated: 8 } as const;
/** Written by Unix, a plain file with mode 0600. */
const madeBy = (3 << 8) | version;
const fileMode = 0o100600 * 0x10000;

/**
 * Makes the archive.
 * @param at of every file, in local time as zip has it; years before 1980 become 1980
 * @throws RangeError for a name that may not be in an archive, one that is there twice, too many files, or too large ones
 */
export function zip(entries: readonly ZipEntry[], at: Date): Buffer {
  const writer = createZipWriter(at, maxBytes);
  const pieces = entries.map((entry) => {
    const bytes = bytesOf(entry);
    return writer.add(entry.name, bytes, isPacked(entry.name) ? bytes : deflateRawSync(bytes));
  });
  return Buffer.concat([...pieces, writer.end()]);
}

/**
 * The same in pieces, each file in memory only while it is its turn.
 * @param limit bytes of the archive at most, below 4 GiB
 */
export async function* zipInPieces(
  entries: AsyncIterable<ZipEntry>,
  at: Date,
  limit: number,
): AsyncGenerator<Uint8Array> {
  const writer = createZipWriter(at, limit);
  for await (const entry of entries) {
    const bytes = bytesOf(entry);
    // Not in one go: a long text would keep everything else waiting.
    yield writer.add(entry.name, bytes, isPacked(entry.name) ? bytes : await deflate(bytes));
  }
  yield writer.end();
}

function createZipWriter(at: Date, limit: number) {
  const directory: Buffer[] = [];
  const names = new Set<string>();
  let offset = 0;

  const add = (name: string, bytes: Uint8Array, deflated: Uint8Array): Buffer => {
    checkName(name, names);
    if (names.size > maxEntries) throw new RangeError(`a zip has at most ${maxEntries} files`);
    // What does not get smaller is stored as it is.
    const isSmaller = deflated.length < bytes.length;
    const body = isSmaller ? deflated : bytes;
    const nameBytes = Buffer.from(name, 'utf8');
    // What both headers say, from the version on to the length of the extra field.
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(version, 0);
    facts.writeUInt16LE(flags, 2);
    facts.writeUInt16LE(isSmaller ? methods.deflated : methods.stored, 4);
    facts.writeUInt32LE(dosTime(at), 6);
    facts.writeUInt32LE(crc32(bytes), 10);
    facts.writeUInt32LE(body.length, 14);
    facts.writeUInt32LE(bytes.length, 18);
    facts.writeUInt16LE(nameBytes.length, 22);
    directory.push(uint32(directoryHeader), uint16(madeBy), facts, directoryTail(offset), nameBytes);
    const piece = Buffer.concat([uint32(localHeader), facts, nameBytes, body]);
    offset += piece.length;
    if (offset > limit) throw new RangeError(`the archive would be larger than ${limit} bytes`);
    return piece;
  };

  const finish = (): Buffer => {
    const list = Buffer.concat(directory);
    const tail = Buffer.alloc(22);
    tail.writeUInt32LE(endOfDirectory, 0);
    tail.writeUInt16LE(names.size, 8);
    tail.writeUInt16LE(names.size, 10);
    tail.writeUInt32LE(list.length, 12);
    tail.writeUInt32LE(offset, 16);
    return Buffer.concat([list, tail]);
  };

  return { add, end: finish };
}

function bytesOf({ content }: ZipEntry): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
}

/** A JPEG does not get smaller. */
function isPacked(name: string): boolean {
  return name.endsWith('.jpg');
}

function checkName(name: string, known: Set<string>): void {
  const isSafe =
    /^[^/\\\p{Cc}][^\\\p{Cc}]*$/u.test(name) && !name.split('/').some((part) => /^\.{0,2}$/.test(part));
  if (!isSafe || Buffer.byteLength(name) > 0xffff)
    throw new RangeError(`no name for a file in a zip: ${name}`);
  if (known.has(name)) throw new RangeError(`twice in one zip: ${name}`);
  known.add(name);
}

/** The directory's fields after the common ones: no comment, first disk, no attributes but the mode, where the file begins. */
function directoryTail(offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(fileMode, 6);
  tail.writeUInt32LE(offset, 10);
  return tail;
}

/** Date and time as MS-DOS packs them, to two seconds. */
function dosTime(at: Date): number {
  const year = Math.min(Math.max(at.getFullYear(), 1980), 2107) - 1980;
  const date = (year << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  return date * 0x10000 + time;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  return uint32(value).subarray(0, 2);
}
