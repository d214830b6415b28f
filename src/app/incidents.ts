// The commands `incidents` and `export`: what was kept, as a list, and one of it as a zip.

import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RecordError } from '../core/errors.ts';
import { sayIncident } from '../core/explain-records.ts';
import type { Records } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { createRecords } from '../records/records.ts';
import type { RunOptions } from './run.ts';
import { choosePrinters, loadSettings, type Settings } from './settings.ts';

/** What both take. */
export interface IncidentsOptions extends RunOptions {
  /** One of several printers; null for all. */
  readonly printer: string | null;
}

/** Prints a line for each incident, the newest first. Exit code 0. */
export async function incidents(options: IncidentsOptions): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  for (const { name, folder, records } of openRecords(options)) {
    const found = await records.list();
    if (name !== null) say(`[printer ${name}]`);
    for (const each of found) say(sayIncident(each, sayTime(each.incident.openedAt.atMs)));
    if (found.length === 0) say(`There are no incidents in ${folder}.`);
  }
  return 0;
}

/** What `export` takes. */
export interface ExportOptions extends IncidentsOptions {
  readonly id: string;
  /** The file to write; null: lookout-ID.zip in the working directory. */
  readonly out: string | null;
}

/** Writes one incident as a zip. Exit code 0; 1 where there is none of this id. Never writes over a file. */
export async function exportIncident(options: ExportOptions, signal: AbortSignal): Promise<number> {
  const places = openRecords(options);
  for (const { records } of places) {
    const pieces = await records.export(options.id);
    if (pieces === null) continue;
    const file = resolve(options.out ?? `lookout-${options.id}.zip`);
    await writePieces(pieces, file, signal);
    process.stdout.write(
      `${file}\nIt holds pictures of your printer and what stands around it, and the name of the file that was printed. ` +
        'Keys and passwords are not in it.\n',
    );
    return 0;
  }
  const where = places.map(({ folder }) => folder).join(', ');
  process.stderr.write(
    `there is no incident "${options.id}" in ${where}; moonraker-lookout incidents lists them\n`,
  );
  return 1;
}

async function writePieces(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  let isOurs = false;
  try {
    const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    stream.once('open', () => {
      isOurs = true;
    });
    await pipeline(pieces, stream, { signal });
  } catch (cause) {
    if (isOurs) await rm(file, { force: true });
    signal.throwIfAborted();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RecordError(`${file} could not be written: ${message}`, {
      code: 'RECORD_NOT_WRITTEN',
      retry: 'never',
      hint: 'Give another file with --out.',
      cause,
    });
  }
}

/** The records of one printer, as a command looks at them. */
export interface Place {
  /** null where there is one printer without a name. */
  readonly name: string | null;
  readonly config: Settings;
  readonly folder: string;
  readonly records: Records;
  /** Where the incident of this id is. */
  readonly folderOf: (id: string) => string;
}

/** The records of the printers that are meant, from outside of the service. */
export function openRecords({ file, env, printer }: IncidentsOptions): readonly Place[] {
  return choosePrinters(loadSettings(file, env), printer).map(({ name, config }) => {
    const folder = config.records.path;
    const records = createRecords(folder, null, systemClock);
    return { name, config, folder, records, folderOf: (id) => join(folder, 'incidents', id) };
  });
}

/** Local time to the second. */
function sayTime(atMs: number): string {
  const at = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
