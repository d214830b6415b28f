// Evidence for backends that only score: seconds of failure seen, so that the frame rate does not matter (design §4).
import { type Score, toScore, type Verdict } from './types.ts';

/** How easily a backend that only scores warns and acts. */
export type Sensitivity = 'low' | 'medium' | 'high';

/** Limits of the evidence. */
export interface EvidenceOptions {
  /** Evidence in ms at which the verdict is `warning`, at medium sensitivity. Default 30 s. */
  readonly warnAfterMs: number;
  /** Evidence in ms at which the verdict is `failing`, at medium sensitivity. Default 90 s. */
  readonly failAfterMs: number;
  readonly sensitivity: Sensitivity;
  /** The planned time between two frames, ms; a backend may ask for more. */
  readonly intervalMs: number;
}

/** A stretch of watched time with one reading. */
interface Stretch {
  readonly ms: number;
  readonly hasFailure: boolean;
}

/** What has built up. JSON. */
export interface Evidence {
  /** E of design §4: failure seen, weighted by how sure the backend was; 0 or more, capped at the failing mark. */
  readonly ms: number;
  /** When the last frame was assessed; null before the first. */
  readonly tickMs: number | null;
  /** Watched time, newest last, together no longer than the window that is told to the user. */
  readonly stretches: readonly Stretch[];
}

/** Nothing seen yet. */
export const noEvidence: Evidence = { ms: 0, tickMs: null, stretches: [] };

/** The sentence speaks of this much time at the most. */
const windowMs = 90_000;
const scale: Readonly<Record<Sensitivity, number>> = { low: 1.5, medium: 1, high: 0.6 };

/**
 * x of design §4: how sure a score is of a failure, 0..1.
 * @param neutral the backend's neutral point s0: scores at or below it say "no failure"
 */
export function xOf(score: Score, neutral: number): number {
  return Math.min(1, Math.max(0, (score - neutral) / (1 - neutral)));
}

/**
 * Watched time since the frame before, ms.
 * @param plannedMs the interval that was planned; a longer gap (an outage) counts as at most two of them
 */
export function stepOf(evidence: Evidence, tickMs: number, plannedMs: number): number {
  const passedMs = evidence.tickMs === null ? 0 : Math.max(0, tickMs - evidence.tickMs);
  return Math.min(passedMs, 2 * plannedMs);
}

/** Below this score a failure is hardly likelier than not: doubt raises a warning, but never makes a print failing. */
const doubtScore = 0.6;

/** The x of that score; 0 where the neutral point is above it, and nothing that counts is in doubt. */
export function doubtOf(neutral: number): number {
  return xOf(toScore(doubtScore), neutral);
}

/** A frame as the evidence counts it. */
interface Seen {
  readonly x: number;
  readonly doubt: number;
  readonly tickMs: number;
  readonly stepMs: number;
}

/**
 * Adds one assessed frame.
 * @param frame `x` of `xOf`, `doubt` of `doubtOf`, `stepMs` of `stepOf`
 */
export function addEvidence(evidence: Evidence, frame: Seen, options: EvidenceOptions): Evidence {
  const { x, tickMs, stepMs } = frame;
  return {
    // Past the failing mark nothing changes, and a long failure must not take as long to be forgotten.
    ms: Math.min(Math.max(0, grown(evidence.ms, frame, options)), failMark(options)),
    tickMs,
    stretches: lastOf([...evidence.stretches, { ms: stepMs, hasFailure: x > 0 }]),
  };
}

function grown(ms: number, { x, doubt, stepMs }: Seen, options: EvidenceOptions): number {
  if (x === 0) return ms - stepMs / 2;
  if (x >= doubt) return ms + x * stepMs;
  const warnMs = warnMark(options);
  if (ms <= warnMs) return Math.min(warnMs, ms + x * stepMs);
  // Past the warning doubt lets evidence sink back to it, the slower the less doubt there is.
  return Math.max(warnMs, ms - (stepMs / 2) * (1 - x / doubt));
}

/** Evidence in ms from which the verdict is `warning`, and `failing`, at the sensitivity that is set. */
export function evidenceMarks(options: EvidenceOptions): {
  readonly warnMs: number;
  readonly failMs: number;
} {
  return { warnMs: warnMark(options), failMs: failMark(options) };
}

/** The verdict that the evidence carries. */
export function verdictOfEvidence(evidence: Evidence, options: EvidenceOptions): Verdict {
  if (evidence.ms >= failMark(options)) return 'failing';
  if (evidence.ms >= warnMark(options)) return 'warning';
  // Right after a resume nothing has built up yet, but what is seen is not clear.
  const seesFailure = evidence.stretches.at(-1)?.hasFailure === true;
  return evidence.ms > 0 || seesFailure ? 'watching' : 'clear';
}

/** `failure seen for 64 of the last 90 s`. */
export function sayEvidence(evidence: Evidence): string {
  const total = evidence.stretches.reduce((sum, { ms }) => sum + ms, 0);
  const seen = evidence.stretches.reduce((sum, { ms, hasFailure }) => sum + (hasFailure ? ms : 0), 0);
  return `failure seen for ${Math.round(seen / 1000)} of the last ${Math.round(total / 1000)} s`;
}

function warnMark(options: EvidenceOptions): number {
  return options.warnAfterMs * scale[options.sensitivity];
}

function failMark(options: EvidenceOptions): number {
  return options.failAfterMs * scale[options.sensitivity];
}

/** The newest stretches that fill the window; the oldest of them is cut to fit. */
function lastOf(stretches: readonly Stretch[]): Stretch[] {
  const kept: Stretch[] = [];
  let leftMs = windowMs;
  for (const stretch of stretches.toReversed()) {
    if (leftMs <= 0) break;
    kept.unshift({ ...stretch, ms: Math.min(stretch.ms, leftMs) });
    leftMs -= stretch.ms;
  }
  return merge(kept);
}

/** Joins neighbours of one kind: at 5 frames a second the list would hold hundreds. */
function merge(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const stretch of stretches) {
    const last = merged.at(-1);
    if (last !== undefined && last.hasFailure === stretch.hasFailure) {
      merged[merged.length - 1] = { ...last, ms: last.ms + stretch.ms };
    } else merged.push(stretch);
  }
  return merged;
}
