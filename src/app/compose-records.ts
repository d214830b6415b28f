// Makes the recorder and the reading side of its records from the settings.
import type { Clock, Log, Records } from '../core/ports.ts';
import type { PrintRecord } from '../core/track.ts';
import type { Notice } from '../core/types.ts';
import { createRecorder, type DiskRecorder } from '../records/recorder.ts';
import { createRecords } from '../records/records.ts';
import { findRingFolder } from '../records/ring-folder.ts';
import { decideOptionsOf } from './decide-options.ts';
import type { Settings } from './settings.ts';

/** What the records need from outside. */
export interface ComposeRecordsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Of this program. */
  readonly version: string;
  readonly bootId: string;
  /** systemd's RuntimeDirectory; null where we are not run by systemd. */
  readonly runtimeFolder: string | null;
  /** Only the service keeps a ring. */
  readonly clientType: 'agent' | 'other';
  readonly onNotice: (notice: Notice) => void;
  readonly onPrintEnded: (print: PrintRecord) => void;
}

const megabyte = 1024 * 1024;
const dayMs = 86_400_000;
/** Klipper's logs and Moonraker's database need this much more than we need a record. */
const minFreeBytes = 100 * megabyte;

/** Both sides of the records of one printer. Nothing is written before the first step of a print. */
export function composeRecords(
  settings: Settings,
  deps: ComposeRecordsDeps,
): { readonly recorder: DiskRecorder; readonly records: Records } {
  const { path: folder, ringTimeMs, ringMb, keepDays, keepMb } = settings.records;
  const where = deps.clientType === 'agent' ? settings.records.ring : 'disk';
  const { version: program, bootId, runtimeFolder, clock } = deps;
  const recorder = createRecorder(
    {
      ...{ folder, ringFolder: findRingFolder({ where, folder, runtimeFolder }), ringTimeMs },
      ...{ ringBytes: ringMb * megabyte, keepMs: keepDays * dayMs, keepBytes: keepMb * megabyte },
      ...{ minFreeBytes, program, bootId, decide: decideOptionsOf(settings) },
    },
    deps,
  );
  return { recorder, records: createRecords(folder, recorder, clock) };
}
