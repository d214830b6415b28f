// Reads the track of a print from disk. Its last line may be cut off.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { noSummary, type PrintSummary } from '../core/print-summary.ts';
import type { PrintEnd, TrackLook, TrackMark } from '../core/track.ts';
import type { Score } from '../core/types.ts';

/** Version of the format; another one is not read. */
export const trackFormat = 1;

/** A track as it is on disk. */
export interface TrackFile {
  readonly id: string;
  readonly begin: TrackBegin;
  /** Looks and marks in the order of time. */
  readonly lines: readonly (TrackLook | TrackMark)[];
  /** The last sums in it. */
  readonly summary: PrintSummary;
  readonly end: { readonly atMs: number; readonly how: PrintEnd } | null;
}

/** The first line. */
export interface TrackBegin {
  readonly kind: 'begin';
  readonly format: typeof trackFormat;
  readonly bootId: string;
  readonly filename: string;
  readonly startTickMs: number;
  readonly startedAtMs: number;
}

/** A track is thinned out long before this. */
const maxBytes = 8 * 1024 * 1024;

const orNull = v.nullable(v.number());
const score = v.pipe(
  v.number(),
  v.minValue(0),
  v.maxValue(1),
  v.transform((value) => value as Score),
);
const verdict = v.picklist(['clear', 'watching', 'warning', 'failing']);
const lineSchema = v.variant('kind', [
  v.object({
    kind: v.literal('begin'),
    format: v.literal(trackFormat),
    bootId: v.string(),
    filename: v.string(),
    startTickMs: v.number(),
    startedAtMs: v.number(),
  }),
  v.object({
    ...{ kind: v.literal('look'), atMs: v.number(), printMs: orNull, layer: orNull, score },
    ...{ quality: orNull, evidenceMs: v.number(), verdict },
  }),
  v.object({ kind: v.literal('gate'), atMs: v.number(), gate: v.nullable(v.string()) }),
  v.object({ kind: v.literal('blind'), atMs: v.number(), code: v.nullable(v.string()) }),
  v.object({
    kind: v.literal('incident'),
    atMs: v.number(),
    id: v.string(),
    what: v.picklist(['warning', 'failing', 'closed']),
  }),
  v.object({
    ...{ kind: v.literal('sums'), looks: v.number(), calls: v.number(), worstScore: v.nullable(score) },
    ...{ worstQuality: orNull, failureMs: v.number(), incidents: v.number(), failures: v.number() },
    ...{ watchedMs: v.number(), blindMs: v.number(), mutedMs: v.number() },
  }),
  v.object({
    kind: v.literal('end'),
    atMs: v.number(),
    how: v.picklist(['complete', 'cancelled', 'error', 'unknown']),
  }),
]);

/** The id of a track by the name of its file; null for any other file. Nothing in it leads out of a folder. */
export function trackIdOf(name: string): string | null {
  return /^([a-z0-9]{1,32})\.ndjson$/.exec(name)?.[1] ?? null;
}

/** The track with this id. Rejects with the error of the file system, or with an Error that says what is wrong with it. */
export async function readTrack(folder: string, id: string): Promise<TrackFile> {
  const handle = await open(join(folder, `${id}.ndjson`), 'r');
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return readTrackText(await handle.readFile('utf8'), id);
  } finally {
    await handle.close();
  }
}

/** The track in this text. Throws an Error where its first line is missing. */
export function readTrackText(text: string, id: string): TrackFile {
  let begin: TrackBegin | null = null;
  let summary = noSummary;
  let end: TrackFile['end'] = null;
  const lines: (TrackLook | TrackMark)[] = [];
  for (const raw of text.split('\n')) {
    const line = parse(raw);
    if (line === null) continue;
    switch (line.kind) {
      case 'begin':
        begin ??= line;
        break;
      case 'sums': {
        const { kind: _, ...sums } = line;
        summary = sums;
        break;
      }
      case 'end':
        end = line;
        break;
      case 'look':
      case 'gate':
      case 'blind':
      case 'incident':
        lines.push(line);
        break;
    }
  }
  if (begin === null) throw new Error('its first line is missing');
  return { id, begin, lines, summary, end };
}

/** null for what is no whole line of ours: the last one may be cut off. */
function parse(raw: string): v.InferOutput<typeof lineSchema> | null {
  try {
    const read = v.safeParse(lineSchema, JSON.parse(raw));
    return read.success ? read.output : null;
  } catch {
    return null;
  }
}
