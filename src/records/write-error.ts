// Why something could not be written to disk, with what a person can do about it.
import { RecordError } from '../core/errors.ts';

/** RECORD_NOT_WRITTEN for what was to be written. `folder` is named in the hint. */
export function notWritten(what: string, folder: string, cause: unknown): RecordError {
  return new RecordError(`${what} could not be written: ${messageOf(cause)}`, {
    code: 'RECORD_NOT_WRITTEN',
    retry: 'later',
    hint: hintFor(codeOf(cause), folder),
    cause,
  });
}

/** Node's code of a file system error, such as ENOSPC; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hintFor(code: string | undefined, folder: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk is full: make room on the one that holds ${folder} (df -h ${folder}).`;
    case 'EROFS':
      return `The disk is read-only, often a worn-out SD card: check it, or move [records] path off ${folder}.`;
    case 'EACCES':
    case 'EPERM':
      return `This user may not write to ${folder}: check its owner (ls -ld ${folder}).`;
    default:
      return `Check that ${folder} is a folder on a disk that works.`;
  }
}
