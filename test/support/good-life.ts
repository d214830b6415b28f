// Days of good prints with what really happens to a webcam: a seeded life of a printer, played through the decision core.
import { restoredBackground } from '../../src/core/background.ts';
import { decide } from '../../src/core/decide.ts';
import { type Job, type Moment, type Print, type Region, toScore } from '../../src/core/types.ts';
import { initialWatchState, type WatchInput, type WatchState } from '../../src/core/watch-state.ts';
import { fault, options } from '../core/watch-rig.ts';
import { sumOf } from './play-track.ts';
import { boxAt, clean, dirt } from './score-tracks.ts';

/** What a detector says: boxes, or one score for the picture. */
export type Form = 'boxes' | 'score';

/** How it went. */
export interface Life {
  readonly prints: number;
  readonly frames: number;
  readonly misses: number;
  readonly warnings: number;
  readonly actions: number;
  /** The largest the state ever was, as JSON. */
  readonly maxBytes: number;
  /** The same of what outlives a print. */
  readonly maxBackgroundBytes: number;
  /** Simulated. */
  readonly hours: number;
}

/** Uniform in 0..1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Something that lasts for a while: from, to and what of it. */
interface Episode {
  readonly from: number;
  readonly to: number;
  readonly what: 'outage' | 'dark' | 'paused' | 'hand' | 'false-positive' | 'texture';
  readonly x: number;
  readonly y: number;
  readonly score: number;
}

/** How often each comes, per hour of printing, for how long, s, and how strong a detector finds it. */
const episodes = [
  { what: 'outage', perHour: 0.3, seconds: [20, 900], score: [0, 0] },
  { what: 'dark', perHour: 0.05, seconds: [600, 7_200], score: [0, 0] },
  { what: 'paused', perHour: 0.1, seconds: [60, 900], score: [0, 0] },
  { what: 'hand', perHour: 0.3, seconds: [10, 40], score: [0.6, 1] },
  { what: 'false-positive', perHour: 2, seconds: [10, 40], score: [0.2, 0.85] },
  { what: 'texture', perHour: 0.2, seconds: [300, 3_600], score: [0.1, 0.4] },
] as const;

/** Two of one kind never come together. */
function planEpisodes(length: number, random: () => number): Episode[] {
  const within = ([least, most]: readonly [number, number]) => least + random() * (most - least);
  return episodes.flatMap(({ what, perHour, seconds, score }) => {
    const found: Episode[] = [];
    let to = 0;
    for (;;) {
      const from = to - (Math.log(1 - random()) * 3_600) / perHour;
      if (from > length) return found;
      to = from + within(seconds);
      found.push({ what, from, to, x: within([0.2, 0.8]), y: within([0.2, 0.8]), score: within(score) });
    }
  });
}

/** Lives through so many hours of printing at this cadence. The process restarts between two prints and in the middle of some. */
export function liveWell(
  seed: number,
  settings: { readonly hours: number; readonly everyS: number; readonly form: Form },
): Life {
  const random = createRandom(seed);
  const { everyS, form } = settings;
  let state: WatchState = initialWatchState;
  let tickMs = 1_000_000;
  const counts = {
    prints: 0,
    frames: 0,
    misses: 0,
    warnings: 0,
    actions: 0,
    maxBytes: 0,
    maxBackgroundBytes: 0,
  };
  const hear = (input: WatchInput): void => {
    const now: Moment = { atMs: 1_700_000_000_000 + tickMs, tickMs };
    const { state: next, effects } = decide(state, input, now, options);
    state = next;
    for (const { kind } of effects) {
      if (kind === 'raise-alert') counts.warnings += 1;
      if (kind === 'take-action') counts.actions += 1;
    }
  };
  let printedS = 0;
  while (printedS < settings.hours * 3_600) {
    counts.prints += 1;
    const seconds = 1_200 + random() ** 2 * 50_000;
    const plan = planEpisodes(seconds, random);
    const printSeed = Math.floor(random() * 1e9);
    const startTickMs = tickMs;
    const jobAt = (second: number): Job => ({
      ...{ filename: `print ${counts.prints}.gcode`, startTickMs, progress: second / seconds },
      ...{
        printDurationMs: second * 1_000,
        totalDurationMs: tickMs - startTickMs,
        layer: null,
        totalLayer: null,
      },
    });
    const seen = (kind: 'printing' | 'paused', second: number): WatchInput => {
      const job = jobAt(second);
      const print: Print =
        kind === 'paused' ? { kind, job, by: 'somebody' } : { kind, job, pauseFlag: 'none' };
      return { kind: 'print-changed', print };
    };
    hear(seen('printing', 0));
    let isPaused = false;
    for (let second = 0; second < seconds; ) {
      tickMs += everyS * 1_000;
      const now = plan.filter(({ from, to }) => from <= second && second < to);
      const is = (what: Episode['what']) => now.some((each) => each.what === what);
      if (is('paused') !== isPaused) {
        isPaused = !isPaused;
        hear(seen(isPaused ? 'paused' : 'printing', second));
      }
      // Durations stand still while a print is paused; the plan goes by them, so a pause ends by itself.
      second += everyS;
      if (isPaused) continue;
      if (is('outage') || is('dark')) {
        counts.misses += 1;
        hear({ kind: 'frame-missed', fault });
      } else {
        counts.frames += 1;
        const boxes = now.flatMap(({ x, y, score, what }) =>
          boxAt(x, y, what === 'hand' ? 0.4 : 0.12, score),
        );
        const sight = [...clean(printSeed, second), ...dirt(seed, second), ...boxes];
        hear(look(sight, form, jobAt(second), everyS));
      }
      if (counts.frames % 50 === 0) {
        counts.maxBytes = Math.max(counts.maxBytes, JSON.stringify(state).length);
        const background = JSON.stringify(state.backgrounds).length;
        counts.maxBackgroundBytes = Math.max(counts.maxBackgroundBytes, background);
      }
      if (random() < everyS / 40_000) restart();
    }
    printedS += seconds;
    hear({
      kind: 'print-changed',
      print: { kind: 'ended', job: jobAt(seconds), how: 'complete', message: '' },
    });
    restart();
    tickMs += 600_000;
  }
  return { ...counts, hours: printedS / 3_600 };

  function restart(): void {
    const saved = JSON.parse(JSON.stringify(state)) as WatchState;
    // What the records keep: nothing that is seen again anyway.
    const { evidence, verdict, last } = initialWatchState;
    state = { ...saved, evidence, verdict, last, backgrounds: saved.backgrounds.map(restoredBackground) };
    const { job, isPrinting } = saved;
    hear({ kind: 'restarted' });
    if (job !== null && isPrinting) state = { ...state, isPrinting };
  }
}

function look(sight: readonly Region[], form: Form, job: Job, everyS: number): WatchInput {
  return {
    kind: 'frame-assessed',
    assessment: {
      ...{ backend: 'obico', quality: null, suggests: null },
      // A classifier does not add up what it sees: it is as sure as all of it together makes it.
      score: toScore(
        form === 'boxes'
          ? Math.min(1, sumOf(sight))
          : 1 - sight.reduce((good, { score }) => good * (1 - score), 1),
      ),
      ...{ neutral: 0.38, regions: form === 'boxes' ? sight : [], calls: 0, nextInMs: everyS * 1_000 },
    },
    camera: 'bed',
    job,
    layer: null,
  };
}
