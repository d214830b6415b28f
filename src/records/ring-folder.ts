// Where the ring lies: in memory where this host has such a place for us, so that good prints cost the SD card nothing.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** What the choice depends on. */
export interface RingPlace {
  /** `[records] ring`. */
  readonly where: 'memory' | 'disk';
  /** `[records] path`: each has a ring of its own. */
  readonly folder: string;
  /** systemd's RuntimeDirectory; null where we are not run by systemd. */
  readonly runtimeFolder: string | null;
  /** The POSIX shared memory of this host. */
  readonly sharedMemory?: string;
}

/** The folder of the ring. It need not be there yet. */
export function findRingFolder(place: RingPlace): string {
  const { where, folder, runtimeFolder, sharedMemory = '/dev/shm' } = place;
  const onDisk = join(folder, 'ring');
  if (where === 'disk') return onDisk;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  if (runtimeFolder !== null) return join(runtimeFolder, `ring-${name}`);
  const ours = join(sharedMemory, `moonraker-lookout-${process.getuid?.() ?? 'user'}`);
  return existsSync(sharedMemory) && isOurs(ours) ? join(ours, `ring-${name}`) : onDisk;
}

/** Anybody may write to the shared memory: a folder of that name may be a trap, and then it is not used. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
