// What is left to say of a print when it has ended: how bad it looked, for how long, and how well it was watched.
import { verdictOf } from './judge.ts';
import type { Step } from './trace.ts';
import type { Assessment, Score } from './types.ts';
import type { WatchState } from './watch-state.ts';

/** Of one print. Times in ms. JSON. */
export interface PrintSummary {
  /** Frames that were judged, and the counted (paid) calls that they cost. */
  readonly looks: number;
  readonly calls: number;
  readonly worstScore: Score | null;
  /** 1 (failure) .. 10 (perfect); null where the backend has no such scale. */
  readonly worstQuality: number | null;
  /** How long failure was seen: weighted by the score with a backend that only scores, else while it warned. */
  readonly failureMs: number;
  readonly incidents: number;
  /** Incidents that became failing. */
  readonly failures: number;
  /** Time in which frames were judged or due, and in which there was none (camera, backend or Moonraker). */
  readonly watchedMs: number;
  readonly blindMs: number;
  /** Time in which a person had asked for quiet, or had just resumed the print. */
  readonly mutedMs: number;
}

/** Nothing has been seen yet. */
export const noSummary: PrintSummary = {
  looks: 0,
  calls: 0,
  worstScore: null,
  worstQuality: null,
  failureMs: 0,
  incidents: 0,
  failures: 0,
  watchedMs: 0,
  blindMs: 0,
  mutedMs: 0,
};

/** A longer break between two steps is not ours: the host slept, or nobody watched. */
const maxStepMs = 120_000;

/**
 * The summary with one more step of the same print.
 * @param sinceMs since the step before it, 0 for the first
 */
export function addToSummary(summary: PrintSummary, step: Step, sinceMs: number): PrintSummary {
  const { before, after, at, input, gate } = step;
  const passedMs = Math.min(Math.max(0, sinceMs), maxStepMs);
  // The time up to a step belongs to what was so before it.
  const isMuted = gate?.kind === 'muted' || (before.quietUntilTickMs ?? 0) > at.tickMs;
  const isWatched = before.isPrinting && (gate === null || isMuted);
  const isNewIncident = after.incident !== null && after.incident.id !== before.incident?.id;
  const isNewFailure =
    after.incident?.level === 'failing' && (isNewIncident || before.incident?.level !== 'failing');
  const timed: PrintSummary = {
    ...summary,
    incidents: summary.incidents + (isNewIncident ? 1 : 0),
    failures: summary.failures + (isNewFailure ? 1 : 0),
    watchedMs: summary.watchedMs + (isWatched && before.blind === null && !isMuted ? passedMs : 0),
    blindMs: summary.blindMs + (isBlind(before) ? passedMs : 0),
    mutedMs: summary.mutedMs + (before.isPrinting && isMuted ? passedMs : 0),
  };
  if (input.kind !== 'frame-assessed') return timed;
  // What was paid for counts, even where it came too late to be of use.
  const paid = { ...timed, looks: timed.looks + 1, calls: timed.calls + input.assessment.calls };
  if (after.last?.at.tickMs !== at.tickMs) return paid;
  // Without ignored areas and what the camera always shows.
  const { assessment, counted: score } = after.last;
  const { quality } = assessment;
  return {
    ...paid,
    worstScore: paid.worstScore === null || score > paid.worstScore ? score : paid.worstScore,
    worstQuality: lower(paid.worstQuality, quality),
    failureMs: paid.failureMs + failureIn(step, assessment),
  };
}

/** Also while Moonraker is away: the print is taken to go on. */
function isBlind({ blind, isPrinting }: WatchState): boolean {
  return blind !== null && (isPrinting || blind.fault.side === 'moonraker');
}

/** How much of the time since the last look showed failure. */
function failureIn({ before, after, at }: Step, assessment: Assessment): number {
  if (assessment.suggests === null) return Math.max(0, after.evidence.ms - before.evidence.ms);
  const verdict = verdictOf(assessment);
  if (before.last === null || (verdict !== 'warning' && verdict !== 'failing')) return 0;
  return Math.min(at.tickMs - before.last.at.tickMs, 2 * before.last.assessment.nextInMs);
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
