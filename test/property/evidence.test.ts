// What must hold of the evidence whatever a detector says: the cadence, outages and worse scenes, with and without a known background.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/core/decide.ts';
import { xOf } from '../../src/core/evidence.ts';
import { type Job, type Region, toScore } from '../../src/core/types.ts';
import {
  type DecideOptions,
  type Effect,
  initialWatchState,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';
import { fault, jobA, options } from '../core/watch-rig.ts';
import { type PlayOptions, playTrack } from '../support/play-track.ts';
import { boxAt, type ScoreTrack } from '../support/score-tracks.ts';

const neutral = 0.2;

/** Scores that last: tenths of minutes, percent, and one of three places. */
interface Stretch {
  readonly tens: number;
  readonly percent: number;
  readonly place: 0 | 1 | 2;
}
const stretch: fc.Arbitrary<Stretch> = fc
  .tuple(
    fc.integer({ min: 1, max: 30 }),
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
    fc.constantFrom<Stretch['place'][]>(0, 1, 2),
  )
  .map(([tens, percent, place]) => ({ tens, percent, place }));
const stretches = fc.array(stretch, { minLength: 1, maxLength: 15, size: 'max' });

/** A print that shows them one after another. Scores are odd numbers, so that none lies on a threshold. */
function trackOf(scenes: readonly Stretch[], more: readonly Region[] = []): ScoreTrack {
  const seconds = scenes.reduce((sum, { tens }) => sum + tens * 10, 0);
  const at = (second: number) => {
    let from = 0;
    for (const { tens, percent, place } of scenes) {
      from += tens * 10;
      // A frame tells of the time since the frame before: the one at the end still shows this.
      if (second <= from) return [...more, ...boxAt(0.2 + 0.3 * place, 0.5, 0.1, percent / 101)];
    }
    return more;
  };
  return { name: 'any', seconds, at, failsAt: null, usual: 0 };
}

/** Thresholds moved by a factor: what is decided close to one may be decided a frame later. */
function scaled(by: number): DecideOptions {
  const { warnAfterMs, failAfterMs } = options.evidence;
  return {
    ...options,
    evidence: { ...options.evidence, warnAfterMs: warnAfterMs * by, failAfterMs: failAfterMs * by },
  };
}

const never = Number.POSITIVE_INFINITY;
const background = boxAt(0.85, 0.85, 0.12, 0.4);

for (const [what, more] of [
  ['on any scene', []],
  ['on any scene with a background', background],
] as const) {
  it(`0.1 to 5 frames a second decide in the same second, give or take one interval: ${what}`, () => {
    fc.assert(
      fc.property(stretches, fc.constantFrom(0.5, 1, 2, 5, 10), (scenes, every) => {
        const play = (more2: PlayOptions) => playTrack(trackOf(scenes, more), { neutral, ...more2 });
        const slow = play({ every });
        const eager = play({ every: 0.2, decide: scaled(0.95) });
        const wary = play({ every: 0.2, decide: scaled(1.05) });
        for (const moment of ['warnedAt', 'pausedAt'] as const) {
          const at = slow[moment] ?? never;
          assert.ok(at >= (eager[moment] ?? never) - every - 0.2, `${moment}: ${at}, eager ${eager[moment]}`);
          assert.ok(at <= (wary[moment] ?? never) + every + 0.2, `${moment}: ${at}, wary ${wary[moment]}`);
        }
      }),
      { numRuns: 25 },
    );
  });
}

/** Frames every 10 s of a print that is past its first minutes; null is a frame that did not come. */
function watch(
  frames: readonly (number | null)[],
  see: (state: WatchState, effects: readonly Effect[], frame: number | null) => void,
): void {
  const job: Job = { ...jobA, printDurationMs: 3_600_000 };
  let tickMs = 5_000_000;
  const hear = (state: WatchState, input: WatchInput) => decide(state, input, { atMs: 0, tickMs }, options);
  let { state } = hear(initialWatchState, {
    kind: 'print-changed',
    print: { kind: 'printing', job, pauseFlag: 'none' },
  });
  for (const score of frames) {
    tickMs += 10_000;
    const decision = hear(state, score === null ? { kind: 'frame-missed', fault } : lookAt(score, job));
    state = decision.state;
    see(state, decision.effects, score);
  }
}

function lookAt(score: number, job: Job): WatchInput {
  const assessment = {
    ...{ backend: 'obico', score: toScore(score), quality: null, suggests: null, neutral },
    ...{ regions: [], calls: 0, nextInMs: 10_000 },
  };
  return { kind: 'frame-assessed', assessment, camera: 'bed', job, layer: null };
}

const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  minLength: 1,
  maxLength: 80,
  size: 'max',
});
const runs = { numRuns: 500 };

/** E after each frame that was judged, and the frame of the first warning and action. */
function follow(frames: readonly (number | null)[]) {
  const evidence: number[] = [];
  let warned = never;
  let acted = never;
  watch(frames, (state, effects, frame) => {
    if (frame === null) return;
    evidence.push(state.evidence.ms);
    for (const { kind } of effects) {
      if (kind === 'raise-alert') warned = Math.min(warned, evidence.length);
      if (kind === 'take-action') acted = Math.min(acted, evidence.length);
    }
  });
  return { evidence, warned: Math.min(warned, acted), acted };
}

describe('evidence', () => {
  it('stands still in an outage, which then counts as one interval at most', () => {
    fc.assert(
      fc.property(scores, fc.nat(), fc.integer({ min: 1, max: 400 }), (frames, at, length) => {
        const cut = at % frames.length;
        const broken = [...frames.slice(0, cut), ...Array<null>(length).fill(null), ...frames.slice(cut)];
        let before: WatchState | null = null;
        watch(broken, (state, _effects, frame) => {
          if (frame === null && before !== null) {
            assert.deepEqual(state.evidence, before.evidence);
            assert.equal(state.verdict, before.verdict);
            assert.deepEqual(state.backgrounds, before.backgrounds);
          }
          before = state;
        });
        const [whole, withOutage] = [follow(frames).evidence, follow(broken).evidence];
        for (const [index, ms] of whole.entries()) {
          assert.ok(Math.abs(ms - (withOutage[index] ?? never)) <= 10_000 + 1e-6, `frame ${index}`);
        }
      }),
      runs,
    );
  });

  it('never warns later, nor acts later, for higher scores', () => {
    fc.assert(
      fc.property(scores, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (frames, more) => {
        const worse = frames.map((score, index) => Math.min(1, score + (more[index % more.length] ?? 0)));
        const [mild, bad] = [follow(frames), follow(worse)];
        assert.ok(bad.warned <= mild.warned);
        assert.ok(bad.acted <= mild.acted);
        for (const [index, ms] of mild.evidence.entries()) assert.ok((bad.evidence[index] ?? 0) >= ms - 1e-6);
      }),
      runs,
    );
  });

  it('never warns or acts below the thresholds: not before enough has been seen, and on doubt alone never', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 6 })), (frames) => {
        let seenMs = 0;
        let sureMs = 0;
        let missed = 0;
        watch(frames, (_state, effects, frame) => {
          if (frame === null) {
            missed += 1;
            return;
          }
          const x = xOf(toScore(frame), neutral);
          const stepMs = missed > 0 ? 20_000 : 10_000;
          missed = 0;
          seenMs += x * stepMs;
          if (frame >= 0.6) sureMs += x * stepMs;
          for (const { kind } of effects) {
            if (kind === 'raise-alert' || kind === 'take-action') assert.ok(seenMs >= 30_000 - 1e-6);
            if (kind === 'take-action') assert.ok(seenMs >= 90_000 - 1e-6 && sureMs >= 60_000 - 1e-6);
          }
        });
      }),
      runs,
    );
  });
});
