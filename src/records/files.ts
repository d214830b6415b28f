// Writing to disk in the few ways that records need, and the names that their files may have.
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './write-error.ts';

/** A file of a folder. */
export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
}

/** Folders of records are nobody else's business: they hold pictures of a home. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** The only names that a frame can have: nothing in it leads out of a folder. */
export const frameNamePattern = /^f\d{12,15}\.jpg$/;

/** Name of the frame of this moment; the names of one boot sort by time. */
export function frameName(tickMs: number): string {
  return `f${Math.round(tickMs).toString().padStart(12, '0')}.jpg`;
}

/** The moment in the name of a frame; null for any other name. */
export function tickOfFrame(name: string): number | null {
  return frameNamePattern.test(name) ? Number(name.slice(1, -4)) : null;
}

/**
 * Adds text to a file.
 * @param isNew makes the file; otherwise it must be there (rejects with ENOENT where somebody has deleted it)
 * @param isSynced the text survives a power cut once this resolves
 */
export async function append(file: string, text: string, isNew: boolean, isSynced: boolean): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  const handle = await open(file, O_WRONLY | O_APPEND | (isNew ? O_CREAT : 0), 0o600);
  try {
    await handle.writeFile(text);
    if (isSynced) await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Writes a whole file in place of what was there. */
export async function write(file: string, content: string | Uint8Array, isSynced: boolean): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(content);
    if (isSynced) await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Puts a whole file in place of what was there: after a power cut it is either the old or the new one. */
export async function replace(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    await write(temporary, content, true);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Copies a file so that it survives a power cut. */
export async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const handle = await open(to, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** The files of a folder with their sizes, sorted by name; none where there is no such folder. */
export async function listFiles(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const name of (await namesIn(folder)).toSorted()) {
    try {
      const { size } = await stat(join(folder, name));
      found.push({ name, bytes: size });
    } catch (error) {
      // Somebody has deleted it meanwhile.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return found;
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The texts of files one after another, each ending with a newline even where it was cut. */
export async function readAll(files: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    texts.push(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  }
  return texts.join('');
}
