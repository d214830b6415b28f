// A print as a chart shows it: what each look gave, and what happened in between.
import type { PrintSummary } from './print-summary.ts';
import type { Step } from './trace.ts';
import type { Verdict } from './types.ts';

/** One look, or the worst of several where a long print was thinned out. */
export interface TrackLook {
  readonly kind: 'look';
  readonly atMs: number;
  /** `print_duration` at the look, where it is known. */
  readonly printMs: number | null;
  readonly layer: number | null;
  /** What counted of it: without ignored areas and what the camera always shows. */
  readonly score: number;
  readonly quality: number | null;
  /** What had built up with a backend that only scores. */
  readonly evidenceMs: number;
  readonly verdict: Verdict;
}

/** Something that changed. */
export type TrackMark =
  /** Kind of the gate that shut; null: frames are judged again. */
  | { readonly kind: 'gate'; readonly atMs: number; readonly gate: string | null }
  /** Code of the fault that leaves us blind; null: it is over. */
  | { readonly kind: 'blind'; readonly atMs: number; readonly code: string | null }
  | {
      readonly kind: 'incident';
      readonly atMs: number;
      readonly id: string;
      /** `closed`: answered, resumed, over, or the print has ended. */
      readonly what: 'warning' | 'failing' | 'closed';
    };

/** How a print ended; `unknown` where nobody saw it. */
export type PrintEnd = 'complete' | 'cancelled' | 'error' | 'unknown';

/** A print without its track, for a list. */
export interface PrintRecord {
  /** Letters and digits. */
  readonly id: string;
  /** As printed, relative to the gcodes root. */
  readonly filename: string;
  readonly startedAtMs: number;
  /** null while it runs. */
  readonly endedAtMs: number | null;
  readonly how: PrintEnd | null;
  readonly summary: PrintSummary;
}

/** The look of this step; null where it was none, or came too late to count. */
export function lookOf({ at, after, input }: Step, printMs: number | null): TrackLook | null {
  if (input.kind !== 'frame-assessed' || after.last?.at.tickMs !== at.tickMs) return null;
  const { assessment, counted: score } = after.last;
  const { quality } = assessment;
  const { layer } = input;
  const { verdict, evidence } = after;
  return { kind: 'look', atMs: at.atMs, printMs, layer, score, quality, evidenceMs: evidence.ms, verdict };
}

/** What this step changed, apart from the gate. */
export function marksOf({ at: { atMs }, before, after }: Step): TrackMark[] {
  const marks: TrackMark[] = [];
  const code = after.blind?.fault.code ?? null;
  if (code !== (before.blind?.fault.code ?? null)) marks.push({ kind: 'blind', atMs, code });
  const [was, is] = [before.incident, after.incident];
  if (was !== null && was.id !== is?.id) marks.push({ kind: 'incident', atMs, id: was.id, what: 'closed' });
  if (is !== null && (is.id !== was?.id || is.level !== was.level)) {
    marks.push({ kind: 'incident', atMs, id: is.id, what: is.level });
  }
  return marks;
}

/** The worse of two looks stands for both. */
export function worseLook(a: TrackLook, b: TrackLook): TrackLook {
  return a.score > b.score ? a : b;
}
