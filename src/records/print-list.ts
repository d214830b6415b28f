// The prints that are on disk, read by their first and last lines: a list must not read every track through.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrintRecord } from '../core/track.ts';
import { namesIn } from './files.ts';
import { readTrackText, type TrackFile, trackIdOf } from './track-file.ts';

/** The first line is at the front, the last sums and the end are within this many bytes of the back. */
const endBytes = 8 * 1024;

/** The newest prints first. What cannot be read is left out. */
export async function listPrints(folder: string, limit: number): Promise<PrintRecord[]> {
  const ids = (await namesIn(folder)).map(trackIdOf).filter((id) => id !== null);
  const prints: PrintRecord[] = [];
  // Ids sort by the start of the print while their length is the same, which it is for decades.
  for (const id of ids.toSorted().reverse()) {
    if (prints.length >= limit) break;
    const track = await readEnds(join(folder, `${id}.ndjson`), id).catch(() => null);
    if (track !== null) prints.push(toPrintRecord(track));
  }
  return prints;
}

/** A track as a list shows it. */
export function toPrintRecord({ id, begin, summary, end }: TrackFile): PrintRecord {
  const { filename, startedAtMs } = begin;
  return { id, filename, startedAtMs, endedAtMs: end?.atMs ?? null, how: end?.how ?? null, summary };
}

async function readEnds(file: string, id: string): Promise<TrackFile> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (position: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.toString('utf8', 0, bytesRead);
    };
    if (size <= 2 * endBytes) return readTrackText(await read(0, size), id);
    // Lines that the cuts go through are no lines, and are left out as such.
    const text = `${await read(0, endBytes)}\n${await read(size - endBytes, endBytes)}`;
    return readTrackText(text, id);
  } finally {
    await handle.close();
  }
}
