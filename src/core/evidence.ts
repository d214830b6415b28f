// Evidence for backends that only score: seconds of failure seen, so that the frame rate does not matter (design §4).
import type { Score, Verdict } from './types.ts';

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
 * Adds one assessed frame.
 * @param neutral the backend's neutral point s0: scores at or below it say "no failure"
 * @param plannedMs the interval that was planned; a longer gap (an outage) counts as at most two of them
 */
export function addEvidence(
  evidence: Evidence,
  frame: {
    readonly score: Score;
    readonly neutral: number;
    readonly tickMs: number;
    readonly plannedMs: number;
  },
  options: EvidenceOptions,
): Evidence {
  const passedMs = evidence.tickMs === null ? 0 : Math.max(0, frame.tickMs - evidence.tickMs);
  const stepMs = Math.min(passedMs, 2 * frame.plannedMs);
  const x = Math.min(1, Math.max(0, (frame.score - frame.neutral) / (1 - frame.neutral)));
  const grown = x > 0 ? evidence.ms + x * stepMs : evidence.ms - stepMs / 2;
  return {
    // Past the failing mark nothing changes, and a long failure must not take as long to be forgotten.
    ms: Math.min(Math.max(0, grown), failMark(options)),
    tickMs: frame.tickMs,
    stretches: lastOf([...evidence.stretches, { ms: stepMs, hasFailure: x > 0 }]),
  };
}

/** The verdict that the evidence carries. */
export function verdictOfEvidence(evidence: Evidence, options: EvidenceOptions): Verdict {
  if (evidence.ms >= failMark(options)) return 'failing';
  if (evidence.ms >= options.warnAfterMs * scale[options.sensitivity]) return 'warning';
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
