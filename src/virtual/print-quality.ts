// A small temporal model in the manner of OctoEverywhere's: single bad pictures lower the quality, lasting ones warn and pause.

/** What has been seen of one print so far. Times in ms on any steady clock. */
export interface Seen {
  /** Smoothed badness, 0..100. */
  readonly score: number;
  /** When the present run of bad pictures began; null while there is none. */
  readonly badSinceMs: number | null;
  readonly badFrames: number;
  readonly lastMs: number | null;
}

/** How long bad pictures must have been seen, first to last, before something is suggested. */
export interface Patience {
  readonly warnAfterMs: number;
  readonly pauseAfterMs: number;
}

/** The judgement, in the service's words. */
export interface Quality {
  /** 1 failure .. 10 perfect. */
  readonly PrintQuality: number;
  readonly WarningSuggested: boolean;
  readonly PauseSuggested: boolean;
  /** 0 perfect .. 100 failure. */
  readonly Score: number;
}

/** Nothing seen yet. */
export const nothingSeen: Seen = { score: 0, badSinceMs: null, badFrames: 0, lastMs: null };

const badFrom = 50;
const cleanBelow = 30;
/** A picture counts for half after this long. */
const halfLifeMs = 8_000;
/** Seconds alone could be one picture and its repetition. */
const framesToWarn = 2;
const framesToPause = 3;

/** Takes one more picture into account. `badness` is 0..100. */
export function see(seen: Seen, badness: number, atMs: number): Seen {
  const passedMs = seen.lastMs === null ? Number.POSITIVE_INFINITY : atMs - seen.lastMs;
  const kept = 0.5 ** (passedMs / halfLifeMs);
  const next = { score: seen.score * kept + badness * (1 - kept), lastMs: atMs };
  if (badness < cleanBelow) return { ...next, badSinceMs: null, badFrames: 0 };
  const isBad = badness >= badFrom;
  return {
    ...next,
    badSinceMs: isBad ? (seen.badSinceMs ?? atMs) : seen.badSinceMs,
    badFrames: seen.badFrames + (isBad ? 1 : 0),
  };
}

/** What is thought of it. */
export function judge(seen: Seen, patience: Patience): Quality {
  const badMs = seen.badSinceMs === null || seen.lastMs === null ? -1 : seen.lastMs - seen.badSinceMs;
  const PauseSuggested = seen.badFrames >= framesToPause && badMs >= patience.pauseAfterMs;
  const WarningSuggested =
    PauseSuggested || (seen.badFrames >= framesToWarn && badMs >= patience.warnAfterMs);
  const Score = Math.round(seen.score);
  return {
    PrintQuality: Math.min(Math.max(10 - Math.round(Score / 11), 1), 10),
    WarningSuggested,
    PauseSuggested,
    Score,
  };
}

const factors: Readonly<Record<number, number>> = { 1: 0.7, 2: 0.85, 3: 1, 4: 1.4, 5: 2 };

/** The patience that the confidence levels of createcontext (1 sooner .. 5 later) ask for. */
export function patienceFor(base: Patience, warningLevel: number, pauseLevel: number): Patience {
  return {
    warnAfterMs: base.warnAfterMs * (factors[warningLevel] ?? 1),
    pauseAfterMs: base.pauseAfterMs * (factors[pauseLevel] ?? 1),
  };
}
