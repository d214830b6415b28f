// The header of an incident's folder (incident.json): what a list shows, and what people have said of it.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { IncidentRecord, Label } from '../core/records.ts';
import { replace } from './files.ts';
import { answerSchema, incidentSchema } from './incident-schemas.ts';
import { codeOf } from './write-error.ts';

/** Version of the format; another one is not read. */
export const incidentFormat = 1;

/** The header. */
export interface IncidentHeader extends Omit<IncidentRecord, 'isOpen'> {
  readonly format: typeof incidentFormat;
  readonly bootId: string;
}

const headerSchema = v.object({
  format: v.literal(incidentFormat),
  program: v.string(),
  bootId: v.string(),
  incident: incidentSchema,
  closed: v.nullable(
    v.object({
      atMs: v.number(),
      how: v.picklist(['answered', 'resumed', 'cancelled', 'print-ended', 'went-away']),
    }),
  ),
  labels: v.array(v.object({ answer: answerSchema, atMs: v.number(), through: v.nullable(v.string()) })),
  hasPicture: v.boolean(),
  lostFrames: v.number(),
  lostSteps: v.number(),
}) satisfies v.GenericSchema<unknown, IncidentHeader>;

/** A header has about 1 KB. */
const maxBytes = 256 * 1024;

/** The header in this text. Throws an Error that says what is wrong with it. */
export function parseHeader(text: string): IncidentHeader {
  const read = v.safeParse(headerSchema, JSON.parse(text));
  if (!read.success) throw new Error(v.summarize(read.issues));
  return read.output;
}

/** The header of the incident in this folder. Rejects with the error of the file system, or with an Error that says what is wrong with it. */
export async function readHeader(folder: string): Promise<IncidentHeader> {
  const handle = await open(join(folder, headerFile), 'r');
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return parseHeader(await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
}

/** Its name in the folder. */
export const headerFile = 'incident.json';

/** Answers to one incident at most. */
export const maxLabels = 50;

/** Keeps what somebody says of an incident that is over. False where there is no such folder; rejects as `readHeader` does. */
export async function addLabel(folder: string, label: Label): Promise<boolean> {
  let header: IncidentHeader;
  try {
    header = await readHeader(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  const labels = [...header.labels, label].slice(-maxLabels);
  await replace(join(folder, headerFile), `${JSON.stringify({ ...header, labels }, null, 2)}\n`);
  return true;
}
