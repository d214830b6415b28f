// Plays a track of scores through the decision core, or through Obico's rule, on a clock of its own.
import { decide } from '../../src/core/decide.ts';
import { type Answer, type Assessment, type Job, type Moment, toScore } from '../../src/core/types.ts';
import {
  type DecideOptions,
  initialWatchState,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';
import { options as defaults } from '../core/watch-rig.ts';
import { obicoBefore, obicoFrame, obicoVerdict } from './obico-rule.ts';
import type { ScoreTrack, Sight } from './score-tracks.ts';

/** When something was decided, in seconds of the print; null: never. */
export interface Decided {
  readonly warnedAt: number | null;
  readonly pausedAt: number | null;
}

/** How a track is played. */
export interface PlayOptions {
  /** Seconds between two frames. */
  readonly every?: number;
  readonly neutral?: number;
  readonly decide?: DecideOptions;
  /** What the watch knows before the print; nothing by default. */
  readonly state?: WatchState;
  /** Monotonic ms at the first extrusion. */
  readonly startTickMs?: number;
  /** What a person answers to every alert, at once; nobody answers by default. */
  readonly answer?: Answer;
  /** How the print ends; well by default. */
  readonly ends?: 'complete' | 'cancelled';
  /** Makes the assessment of one sight; boxes with the sum of their scores by default. */
  readonly assess?: (sight: NonNullable<Sight>) => Partial<Assessment>;
}

/** The state after it, and what was decided. The print goes on after a pause: what counts is the first. */
export interface Played extends Decided {
  readonly state: WatchState;
  /** The end of the print, monotonic ms. */
  readonly endTickMs: number;
}

/** The sum of the scores of all boxes, as Obico counts it: not limited to 1. */
export function sumOf(sight: NonNullable<Sight>): number {
  return sight.reduce((sum, { score }) => sum + score, 0);
}

/** Plays it through ours, to the end of the print or to the first action. */
export function playTrack(track: ScoreTrack, options: PlayOptions = {}): Played {
  const { every = 10, neutral = 0.38, startTickMs = 1_000_000 } = options;
  const settings = options.decide ?? defaults;
  const jobAt = (second: number): Job => ({
    filename: 'a.gcode',
    startTickMs,
    printDurationMs: second * 1_000,
    totalDurationMs: second * 1_000,
    progress: second / track.seconds,
    layer: null,
    totalLayer: null,
  });
  let state = options.state ?? initialWatchState;
  let warnedAt: number | null = null;
  let pausedAt: number | null = null;
  const hear = (input: WatchInput, second: number): void => {
    const now: Moment = { atMs: 0, tickMs: startTickMs + second * 1_000 };
    const decision = decide(state, input, now, settings);
    state = decision.state;
    for (const { kind } of decision.effects) {
      if (kind === 'raise-alert') warnedAt ??= second;
      if (kind === 'take-action') pausedAt ??= second;
    }
    const isAsked = decision.effects.some(({ kind }) => kind === 'raise-alert');
    if (isAsked && options.answer !== undefined) {
      hear({ kind: 'answered', answer: options.answer, incidentId: null }, second);
    }
  };
  let second = 0;
  hear({ kind: 'print-changed', print: { kind: 'printing', job: jobAt(0), pauseFlag: 'none' } }, 0);
  for (; second <= track.seconds && pausedAt === null; second += every) {
    const sight = track.at(second);
    hear(sight === null ? dark : seen(sight, jobAt(second), neutral, every, options.assess), second);
  }
  if (pausedAt === null) {
    const job = jobAt(second);
    hear(
      { kind: 'print-changed', print: { kind: 'ended', job, how: options.ends ?? 'complete', message: '' } },
      second,
    );
  }
  return { warnedAt: warnedAt ?? pausedAt, pausedAt, state, endTickMs: startTickMs + second * 1_000 };
}

const dark: WatchInput = {
  kind: 'frame-missed',
  fault: { side: 'camera', code: 'CAMERA_DARK', message: 'dark.', hint: '', isPermanent: false },
};

function seen(
  sight: NonNullable<Sight>,
  job: Job,
  neutral: number,
  every: number,
  assess: PlayOptions['assess'],
): WatchInput {
  const assessment: Assessment = {
    backend: 'obico',
    score: toScore(Math.min(1, sumOf(sight))),
    quality: null,
    suggests: null,
    neutral,
    regions: sight,
    calls: 0,
    nextInMs: every * 1_000,
    ...assess?.(sight),
  };
  return { kind: 'frame-assessed', assessment, camera: 'bed', job, layer: null };
}

/** The dark as Obico's detector sees it: no gate keeps it from judging, and noise gives it weak boxes. */
const darkScore = 0.15;

/** Plays it through Obico's rule, one frame every 10 s. */
export function playObico(track: ScoreTrack): Decided {
  let state = obicoBefore(track.usual);
  let warnedAt: number | null = null;
  for (let second = 0; second <= track.seconds; second += 10) {
    const sight = track.at(second);
    state = obicoFrame(state, sight === null ? darkScore : sumOf(sight));
    const verdict = obicoVerdict(state);
    if (verdict !== 'nothing') warnedAt ??= second;
    if (verdict === 'pause') return { warnedAt, pausedAt: second };
  }
  return { warnedAt, pausedAt: null };
}
