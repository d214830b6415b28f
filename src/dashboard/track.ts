// The course of a print for the chart, out of what the records hold of it: points, bands without judgement, marks.
import type { Records } from '../core/ports.ts';
import type { PrintStory } from '../core/records.ts';
import type { Track, TrackBand, TrackMark, TrackPoint } from './view.ts';

/** Everybody sees that nothing prints; it is no band of a print. */
const unsaid: ReadonlySet<string> = new Set(['not-printing', 'not-ready']);

/** A print as the chart shows it. */
export function trackOf({ filename, lines, endedAtMs }: PrintStory): Track {
  const points: TrackPoint[] = [];
  const bands: TrackBand[] = [];
  const marks: TrackMark[] = [];
  const open = new Map<'gate' | 'blind', { readonly fromMs: number; readonly kind: string }>();
  const turn = (what: 'gate' | 'blind', atMs: number, kind: string | null) => {
    const before = open.get(what);
    if (before !== undefined) bands.push({ ...before, toMs: atMs });
    open.delete(what);
    if (kind !== null && !unsaid.has(kind)) open.set(what, { fromMs: atMs, kind });
  };
  for (const line of lines) {
    switch (line.kind) {
      case 'look': {
        const { atMs, score, quality, verdict, evidenceMs } = line;
        points.push({ atMs, score, quality, verdict, evidenceMs });
        break;
      }
      case 'gate':
        turn('gate', line.atMs, line.gate);
        break;
      case 'blind':
        turn('blind', line.atMs, line.code === null ? null : 'blind');
        break;
      case 'incident':
        marks.push({ atMs: line.atMs, kind: line.what, incidentId: line.id });
        break;
    }
  }
  for (const band of open.values()) bands.push({ ...band, toMs: endedAtMs });
  return { filename, points, bands: bands.toSorted((a, b) => a.fromMs - b.fromMs), marks };
}

/** Reads the course of the newest print, at most once for each change however many pages ask. */
export interface TrackReader {
  /** Rejects with the RecordError. */
  read(): Promise<Track>;
  /** Something has happened: what was read is old. */
  expire(): void;
}

const noTrack: Track = { filename: null, points: [], bands: [], marks: [] };

/** Makes a reader that has read nothing. */
export function createTrackReader(records: () => Pick<Records, 'prints' | 'print'>): TrackReader {
  let reading: Promise<Track> | null = null;
  const read = async (): Promise<Track> => {
    const [newest] = await records().prints();
    const story = newest === undefined ? null : await records().print(newest.id);
    return story === null ? noTrack : trackOf(story);
  };
  return {
    read: () => {
      reading ??= read().catch((error: unknown) => {
        reading = null;
        throw error;
      });
      return reading;
    },
    expire: () => {
      reading = null;
    },
  };
}
