// Replaces a file of the user by a new version, with a dated copy of the old one beside it.
import { constants, copyFile, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Copies of one file; the oldest go. */
const maxCopies = 20;

/**
 * Writes the new text and returns where the old one is. Never half a file, whatever happens meanwhile.
 * Rejects with the error of the file system; the file is as it was then.
 */
export async function rewriteFile(file: string, text: string, mode: number, now: Date): Promise<string> {
  // Behind a link stands the file that has to change; a link in its place would be lost.
  const target = await realpath(file);
  const copy = await keepCopy(target, stamp(now));
  await replaceFile(target, text, mode);
  await dropOldCopies(target);
  return copy;
}

/** Two changes within one second make two copies. */
async function keepCopy(file: string, at: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const copy = `${file}.${at}${count === 1 ? '' : `-${count}`}.bak`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!isTaken || count >= maxCopies) throw error;
    }
  }
}

async function dropOldCopies(file: string): Promise<void> {
  const folder = dirname(file);
  const isCopy = (name: string) =>
    name.startsWith(`${basename(file)}.`) && /\.\d{8}-\d{6}(-\d+)?\.bak$/.test(name);
  const copies = (await readdir(folder)).filter(isCopy).sort();
  for (const name of copies.slice(0, -maxCopies)) await rm(join(folder, name), { force: true });
}

/** Writes a file that may be there or not. Rejects with the error of the file system. */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** `20261126-195500`, local time, as install.sh names its copies. */
function stamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('');
  return `${day}-${[two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('')}`;
}
