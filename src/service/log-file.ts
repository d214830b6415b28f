// Appends log lines to a file and never fails: a full disk costs lines, not the watch.
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** A place for finished lines. */
export interface LineSink {
  write(line: string): void;
}

/**
 * A sink that appends to `file`, opening it for each line: at a few lines a minute that costs nothing, and a file that somebody moved
 * or deleted is simply begun anew. Its folder is made with the first line.
 * @param onTrouble told once when lines begin to be lost, and once when writing works again with how many were
 */
export function createLogFile(file: string, onTrouble: (text: string) => void): LineSink {
  let lost = 0;
  return {
    write: (line) => {
      try {
        append(file, line);
      } catch (error) {
        if (lost === 0) onTrouble(`log file: ${error instanceof Error ? error.message : String(error)}`);
        lost += 1;
        return;
      }
      if (lost > 0) onTrouble(`log file: works again, ${lost} lines are missing in it`);
      lost = 0;
    },
  };
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
