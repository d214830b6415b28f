// Appends log lines to a file that never grows past its share of the disk, and never fails: a full disk costs lines, not the watch.
import { appendFileSync, mkdirSync, renameSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/** A place for finished lines. */
export interface LogFile {
  /** Appends a line that ends in a newline. False when it could not be written. */
  write(line: string): boolean;
}

/** How much of the past is kept. */
export interface LogFileLimits {
  /** A file that a line would make larger than this is put aside first. */
  readonly maxBytes: number;
  /** Files kept, the one being written included: `FILE`, `FILE.1` (the newest of the old ones), … */
  readonly files: number;
}

/** At most 10 MB of an SD card. */
const usualLimits: LogFileLimits = { maxBytes: 2_000_000, files: 5 };

/**
 * A file that is opened for each line: at a few lines a minute that costs nothing, and a file that somebody else moved, emptied or
 * deleted (logrotate, a click in Mainsail) is simply begun anew. Its folder is made with the first line.
 * @param onTrouble told once when lines begin to be lost, and once when writing works again with how many were
 */
export function createLogFile(
  file: string,
  onTrouble: (text: string) => void,
  limits: LogFileLimits = usualLimits,
): LogFile {
  let lost = 0;
  return {
    write: (line) => {
      try {
        if (sizeOf(file) + Buffer.byteLength(line) > limits.maxBytes) rotate(file, limits.files);
        append(file, line);
      } catch (error) {
        if (lost === 0) onTrouble(`log file: ${error instanceof Error ? error.message : String(error)}`);
        lost += 1;
        return false;
      }
      if (lost > 0) onTrouble(`log file: works again, lines missing in it: ${lost}`);
      lost = 0;
      return true;
    },
  };
}

/** Bytes; 0 for what is not there and for what is no file, such as a pipe. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Moves every file one place on; the oldest is written over. */
function rotate(file: string, files: number): void {
  const nameOf = (place: number) => (place === 0 ? file : `${file}.${place}`);
  try {
    for (let place = files - 2; place >= 0; place -= 1) {
      // A gap is what somebody has deleted.
      if (statSync(nameOf(place), { throwIfNoEntry: false }) !== undefined) {
        renameSync(nameOf(place), nameOf(place + 1));
      }
    }
  } catch {
    // In a folder where nothing may be renamed the past is given up, for the file must not grow for ever.
    truncateSync(file);
  }
}

function append(file: string, line: string): void {
  const options = { mode: 0o640 };
  try {
    appendFileSync(file, line, options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, line, options);
  }
}
