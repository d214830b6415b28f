// The learned background: what a camera always shows to a detector counts less, place by place, and growth there still counts.
import { above, type Heat, heatOf, heatUnder, hottest, marksOf } from './heat.ts';
import { scaleScore, sumOfHighest } from './regions.ts';
import { type Assessment, type Region, type Score, toScore, type Verdict } from './types.ts';

/** What is known of one camera in the eyes of one backend. JSON, at most 10 kB. */
export interface Background {
  readonly camera: string;
  readonly backend: string;
  /** Proven by prints that ended well, or by a person who said "false alarm". */
  readonly kept: Heat;
  /** Learned in this print; counts at once, and is kept if the print ends well. */
  readonly fresh: Heat;
  /** Seen since the evidence was last nil: learned when it goes back there without a warning. */
  readonly pending: Heat;
  /** Watched in this print so far. */
  readonly watchedMs: number;
  /** Watched time for which everything that is seen is still taught by a false alarm. */
  readonly teachMs: number;
  /** Watched since what is known was last aged. */
  readonly agedMs: number;
}

/** A camera and a backend of which nothing is known. */
export function noBackground(camera: string, backend: string): Background {
  const rest = { kept: {}, fresh: {}, pending: {}, watchedMs: 0, teachMs: 0, agedMs: 0 };
  return { camera, backend, ...rest };
}

/** What scores in the first minute was there before the print: nothing that could have failed lies on the bed yet. */
const atOnceMs = 60_000;
/** After that a print is "in its first good minutes" for so long (`print_duration`). */
const earlyMs = 600_000;
/** Teaching by a false alarm goes on for this long, for what flickers. */
const teachingMs = 120_000;
/** A frame that is this sure (x of the evidence rule) is no background, unless a person says so. */
const sureX = 0.5;
/** What is learned without a person counts as known up to this x, so that a failure in that place is still seen. */
const learnedX = 0.6;
/** What a person has called a false alarm counts as known up to this score. */
const taughtCap = 0.9;
/** What is not seen any more is half forgotten after this much watched time. */
const halfLifeMs = 30 * 60_000;
/** Forgetting is done in steps, for the levels are rounded. */
const ageStepMs = 10_000;
/** Less than this is nothing. */
const least = 0.02;

/** What was saved of one. The first minute of a print that may be under way counts as over: nobody knows what was missed. */
export function restoredBackground(
  saved: Pick<Background, 'camera' | 'backend' | 'kept' | 'fresh' | 'teachMs'>,
): Background {
  return { ...noBackground(saved.camera, saved.backend), ...saved, watchedMs: atOnceMs + 1 };
}

/** One look at what is known: the score that counts, above what is known of the places that it comes from. */
export function countedScore(assessment: Assessment, background: Background): Score {
  const known = hottest(background.kept, background.fresh);
  if (Object.keys(known).length === 0) return assessment.score;
  const before: number[] = [];
  const after: number[] = [];
  for (const mark of marksOf(assessment)) {
    before.push(mark.score);
    after.push(above(mark.score, heatUnder(known, mark)));
  }
  const top = assessment.cells?.top ?? before.length;
  const total = sumOfHighest(before, top);
  return total === 0 ? assessment.score : scaleScore(assessment, sumOfHighest(after, top) / total);
}

/** The regions with the part of their scores that counts: where trouble is told to be. */
export function countedRegions({ regions }: Assessment, background: Background): Region[] {
  const known = hottest(background.kept, background.fresh);
  return regions.map((region) => {
    const mark = { box: region, score: region.score };
    return { ...region, score: toScore(above(region.score, heatUnder(known, mark))) };
  });
}

/** A frame as the background sees it. */
export interface Glance {
  readonly assessment: Assessment;
  /** Watched time since the frame before, ms, as the evidence counts it. */
  readonly stepMs: number;
  /** How sure the backend is of a failure, 0..1: x of the evidence rule, nothing discounted. */
  readonly x: number;
  readonly printDurationMs: number;
}

/** Learns what can be learned before the frame is judged: in the first minute, and after a false alarm. */
export function learnAtOnce(background: Background, glance: Glance): Background {
  const { assessment, stepMs, x, printDurationMs } = glance;
  const watchedMs = background.watchedMs + stepMs;
  const teachMs = Math.max(0, background.teachMs - stepMs);
  const next = { ...background, watchedMs, teachMs };
  if (x === 0) return next;
  if (background.teachMs > 0) return { ...next, kept: learn(next.kept, assessment, true) };
  const isBefore = watchedMs <= atOnceMs && printDurationMs <= earlyMs;
  if (!isBefore || x >= sureX) return next;
  return { ...next, fresh: learn(next.fresh, assessment) };
}

/** Learns what the judged frame has proven harmless, and forgets what is no longer seen. */
export function learnAfter(
  background: Background,
  glance: Glance,
  judged: { readonly evidenceMs: number; readonly verdict: Verdict },
): Background {
  const seen = heatOf(marksOf(glance.assessment));
  return age(settle(background, glance, judged), glance.stepMs, seen);
}

/** What came and went again in the first good minutes without a warning belongs to the scene. */
function settle(
  background: Background,
  { assessment, x, printDurationMs }: Glance,
  { evidenceMs, verdict }: { readonly evidenceMs: number; readonly verdict: Verdict },
): Background {
  const isGood = verdict === 'clear' || verdict === 'watching';
  if (!isGood || printDurationMs > earlyMs) return withPending(background, {});
  if (evidenceMs > 0) {
    if (x === 0 || x >= sureX) return background;
    return withPending(background, learn(background.pending, assessment));
  }
  const fresh = hottest(background.fresh, background.pending);
  return withPending({ ...background, fresh }, {});
}

function withPending(background: Background, pending: Heat): Background {
  return Object.keys(pending).length + Object.keys(background.pending).length === 0
    ? background
    : { ...background, pending };
}

/** What the frame teaches, on top of what is known. */
function learn(known: Heat, assessment: Assessment, isTaught = false): Heat {
  const { neutral = 0, cells, regions } = assessment;
  // Boxes add up. A cell, or a score for the picture, that says "no failure" by itself needs no discount.
  const isSum = cells === undefined && regions.length > 0;
  const marks = marksOf(assessment).filter(({ score }) => isSum || score > neutral);
  const learnedCap = neutral + learnedX * (1 - neutral);
  const capped = marks.map(({ box, score }) => {
    // Discounting the whole picture leaves no other place where a failure could be seen.
    const cap = isTaught && box !== null ? Math.max(taughtCap, learnedCap) : learnedCap;
    return { box, score: round(Math.min(score, cap)) };
  });
  return hottest(known, heatOf(capped));
}

function age(background: Background, stepMs: number, seen: Heat): Background {
  const agedMs = background.agedMs + stepMs;
  if (agedMs < ageStepMs) return { ...background, agedMs };
  const left = 2 ** (-agedMs / halfLifeMs);
  const { kept, fresh } = background;
  return { ...background, agedMs: 0, kept: fade(kept, left, seen), fresh: fade(fresh, left, seen) };
}

/** What is seen again, if only half as strong, is not forgotten: scores shake, and the known is their upper edge. */
function fade(known: Heat, left: number, seen: Heat): Heat {
  const levels = Object.entries(known).map(([place, level]): [string, number] => {
    return [place, (seen[place] ?? 0) >= level / 2 ? level : round(level * left)];
  });
  return Object.fromEntries(levels.filter(([, level]) => level >= least));
}

function round(level: number): number {
  return Math.round(level * 10_000) / 10_000;
}

/** A person has called the last look a false alarm: what it shows belongs to the scene, and so does what is seen next. */
export function teach(background: Background, assessment: Assessment): Background {
  const kept = learn(background.kept, assessment, true);
  return { ...background, kept, pending: {}, teachMs: teachingMs };
}

/** What this look teaches when a person calls it a false alarm. */
export function taughtHeat(assessment: Assessment): Heat {
  return learn({}, assessment, true);
}

/** A person has called something of the past a false alarm: it belongs to the scene. What is seen next does not. */
export function teachLate(background: Background, heat: Heat): Background {
  return { ...background, kept: hottest(background.kept, heat), pending: {} };
}

/** The print is over. What it has taught is kept if nothing was wrong with it. */
export function afterPrint(background: Background, hasEndedWell: boolean): Background {
  const { camera, backend, kept, fresh } = background;
  return { ...noBackground(camera, backend), kept: hasEndedWell ? hottest(kept, fresh) : kept };
}

/** Cameras and backends that are remembered; the one that was not seen for longest is forgotten. */
const maxBackgrounds = 4;

/** What is known of this camera in the eyes of this backend. */
export function backgroundOf(known: readonly Background[], camera: string, backend: string): Background {
  return known.find((each) => isOf(each, camera, backend)) ?? noBackground(camera, backend);
}

/** The list with this one in front. */
export function withBackground(known: readonly Background[], background: Background): Background[] {
  const others = known.filter((each) => !isOf(each, background.camera, background.backend));
  return [background, ...others].slice(0, maxBackgrounds);
}

function isOf(background: Background, camera: string, backend: string): boolean {
  return background.camera === camera && background.backend === backend;
}
