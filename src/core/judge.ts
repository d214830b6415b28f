// What one assessment comes to: ignored areas, the learned background, the evidence, and with them the verdict.
import {
  type Background,
  backgroundOf,
  countedRegions,
  countedScore,
  learnAfter,
  learnAtOnce,
  withBackground,
} from './background.ts';
import { slowedMs } from './busy.ts';
import {
  addEvidence,
  doubtOf,
  type Evidence,
  noEvidence,
  stepOf,
  verdictOfEvidence,
  xOf,
} from './evidence.ts';
import { type Place, placeOfSurest, withoutIgnored } from './regions.ts';
import type { Assessment, Moment, Score, Verdict } from './types.ts';
import type { DecideOptions, WatchInput, WatchState } from './watch-state.ts';

/** An assessment with what it means. */
export interface Judged {
  /** Without what lies in ignored areas. */
  readonly assessment: Assessment;
  /** The part of the score that counts: above the learned background. */
  readonly counted: Score;
  readonly evidence: Evidence;
  readonly backgrounds: readonly Background[];
  readonly verdict: Verdict;
  /** Where in the picture the surest of what counts lies; null for a backend that does not say. */
  readonly where: Place | null;
}

type Assessed = Extract<WatchInput, { kind: 'frame-assessed' }>;

/** Quality of 5 and less is "monitoring a possible issue" in the only scale there is (OctoEverywhere). */
const watchedQuality = 5;
/** For backends without that scale. */
const watchedScore = 0.5;

/** Judges one assessment of the running print. A backend that decides for itself is believed (design rule 5). */
export function judge(state: WatchState, input: Assessed, now: Moment, options: DecideOptions): Judged {
  const assessment = withoutIgnored(input.assessment, state.drawn ?? options.ignore);
  const { backgrounds } = state;
  if (assessment.suggests !== null) {
    const verdict = verdictOf(assessment);
    const where = placeOfSurest(assessment.regions);
    return { assessment, counted: assessment.score, evidence: noEvidence, backgrounds, verdict, where };
  }
  const { backend, score, neutral = 0, nextInMs } = assessment;
  // Evidence is of one backend: what another saw is measured on another scale.
  const isSameBackend = state.last === null || state.last.assessment.backend === backend;
  const before = isSameBackend ? state.evidence : noEvidence;
  const plannedMs = slowedMs(Math.max(nextInMs, options.evidence.intervalMs), state.busy, options.busyLoad);
  const stepMs = stepOf(before, now.tickMs, plannedMs);
  const { printDurationMs } = input.job;
  const glance = { assessment, stepMs, x: xOf(score, neutral), printDurationMs };
  const background = learnAtOnce(backgroundOf(backgrounds, input.camera, backend), glance);
  const counted = countedScore(assessment, background);
  const frame = { x: xOf(counted, neutral), doubt: doubtOf(neutral), tickMs: now.tickMs, stepMs };
  const evidence = addEvidence(before, frame, options.evidence);
  const verdict = verdictOfEvidence(evidence, options.evidence);
  const learned = learnAfter(background, glance, { evidenceMs: evidence.ms, verdict });
  const where = placeOfSurest(countedRegions(assessment, background));
  return { assessment, counted, evidence, verdict, where, backgrounds: withBackground(backgrounds, learned) };
}

/** The verdict of one assessment by a backend that decides for itself. */
export function verdictOf(assessment: Assessment): Verdict {
  if (assessment.suggests?.isFailing === true) return 'failing';
  if (assessment.suggests?.isWarning === true) return 'warning';
  const isWatched =
    assessment.quality === null ? assessment.score >= watchedScore : assessment.quality <= watchedQuality;
  return isWatched ? 'watching' : 'clear';
}
