// The course of the print being watched, kept small enough for a chart: points, bands in which nothing was judged, marks.
import { explainGate } from '../core/explain.ts';
import type { Gate } from '../core/gates.ts';
import { isSameJob } from '../core/job.ts';
import type { Clock } from '../core/ports.ts';
import type { JobRef } from '../core/types.ts';
import type { Effect, WatchInput } from '../core/watch-state.ts';
import type { PrinterView, Watched } from './printer-view.ts';
import { jobOf } from './state.ts';
import type { Track, TrackBand, TrackMark, TrackPoint } from './view.ts';

/** A track that follows a printer. */
export interface Tracker {
  track(): Track;
  close(): void;
}

/** Points kept; past this every second one is dropped, so that a long print stays whole. */
const maxPoints = 1_500;
const maxBands = 200;
const maxMarks = 100;
/** What everybody knows without being told. */
const unsaid: ReadonlySet<Gate['kind']> = new Set(['not-printing', 'not-ready']);

/** Follows a printer from now on; a new print begins a new track. */
export function followPrint(view: PrinterView, clock: Pick<Clock, 'now'>): Tracker {
  let job: JobRef | null = null;
  let points: TrackPoint[] = [];
  let bands: TrackBand[] = [];
  let marks: TrackMark[] = [];

  const startOver = (next: JobRef) => {
    job = next;
    points = [];
    bands = [];
    marks = [];
  };

  const hear = (status: Watched, input: WatchInput, effects: readonly Effect[]) => {
    const { atMs } = clock.now();
    const current = jobOf(status.print);
    if (current !== null && (job === null || !isSameJob(job, current))) startOver(current);
    if (job === null) return;
    const band = bandOf(status);
    const last = bands.at(-1);
    if (last?.toMs === null && last.kind !== band?.kind) bands[bands.length - 1] = { ...last, toMs: atMs };
    if (band !== null && (last === undefined || last.toMs !== null || last.kind !== band.kind)) {
      bands.push({ ...band, fromMs: atMs, toMs: null });
      if (bands.length > maxBands) bands.shift();
    }
    const mark = markOf(input, effects);
    if (mark !== null && marks.length < maxMarks) marks.push({ ...mark, atMs });
    if (input.kind !== 'frame-assessed' || status.state.last?.assessment !== input.assessment) return;
    const { score, quality } = input.assessment;
    const { verdict, evidence } = status.state;
    points.push({ atMs, score, quality, verdict, evidenceMs: evidence.ms });
    if (points.length > maxPoints) points = points.filter((_, index) => index % 2 === 0);
  };

  const off = view.onChange(hear);
  return { track: () => ({ filename: job?.filename ?? null, points, bands, marks }), close: off };
}

function bandOf({ gate, state }: Watched): Pick<TrackBand, 'kind' | 'text'> | null {
  if (gate !== null) return unsaid.has(gate.kind) ? null : { kind: gate.kind, text: explainGate(gate) };
  return state.blind === null ? null : { kind: 'blind', text: state.blind.fault.message };
}

function markOf(input: WatchInput, effects: readonly Effect[]): Omit<TrackMark, 'atMs'> | null {
  if (input.kind === 'answered') return { kind: 'answer', text: input.answer };
  for (const effect of effects) {
    if (effect.kind === 'take-action') return { kind: 'action', text: effect.action };
    if (effect.kind === 'raise-alert') return { kind: effect.alert.level, text: effect.alert.title };
  }
  return null;
}
