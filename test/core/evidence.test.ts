import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/core/decide.ts';
import {
  addEvidence,
  doubtOf,
  type Evidence,
  type EvidenceOptions,
  noEvidence,
  sayEvidence,
  stepOf,
  verdictOfEvidence,
  xOf,
} from '../../src/core/evidence.ts';
import { rectangle } from '../../src/core/regions.ts';
import { type Assessment, type Region, toScore } from '../../src/core/types.ts';
import { initialWatchState } from '../../src/core/watch-state.ts';
import { aJob, anAssessment } from '../support/parts.ts';
import { createRig, options as decideOptions, jobA, jobB, printing } from './watch-rig.ts';

const options: EvidenceOptions = {
  warnAfterMs: 30_000,
  failAfterMs: 90_000,
  sensitivity: 'medium',
  intervalMs: 10_000,
};

/** One frame. */
function see(evidence: Evidence, score: number, tickMs: number, plannedMs: number, neutral = 0.2): Evidence {
  const frame = {
    x: xOf(toScore(score), neutral),
    doubt: doubtOf(neutral),
    tickMs,
    stepMs: stepOf(evidence, tickMs, plannedMs),
  };
  return addEvidence(evidence, frame, options);
}

/** Scores at even steps. */
function watch(scores: readonly number[], stepMs = 10_000, neutral = 0.2, from = noEvidence): Evidence {
  let evidence = from;
  let tickMs = evidence.tickMs ?? 0;
  for (const score of scores) {
    tickMs += stepMs;
    evidence = see(evidence, score, tickMs, stepMs, neutral);
  }
  return evidence;
}

/** Seconds of the scene until this verdict. */
function secondsUntil(wanted: 'warning' | 'failing', score: number, stepMs: number): number {
  let evidence = watch([0], stepMs);
  for (let seconds = stepMs / 1000; seconds < 1_000; seconds += stepMs / 1000) {
    evidence = watch([score], stepMs, 0.2, evidence);
    const verdict = verdictOfEvidence(evidence, options);
    if (verdict === wanted || verdict === 'failing') return seconds;
  }
  return Number.POSITIVE_INFINITY;
}

describe('evidence', () => {
  it('warns after 30 s and fails after 90 s of certain failure', () => {
    assert.equal(secondsUntil('warning', 1, 10_000), 30);
    assert.equal(secondsUntil('failing', 1, 10_000), 90);
  });

  it('takes longer the less sure the score is, and never for a score at the neutral point', () => {
    assert.equal(secondsUntil('failing', 0.7, 10_000), 150);
    assert.equal(secondsUntil('warning', 0.2, 10_000), Number.POSITIVE_INFINITY);
  });

  it('scales with the sensitivity', () => {
    const seen = watch([0, 1, 1, 1]);
    const at = (sensitivity: EvidenceOptions['sensitivity']) =>
      verdictOfEvidence(seen, { ...options, sensitivity });
    assert.deepEqual([at('low'), at('medium'), at('high')], ['watching', 'warning', 'warning']);
    assert.equal(
      verdictOfEvidence(watch([0, 1, 1, 1, 1, 1, 1]), { ...options, sensitivity: 'high' }),
      'failing',
    );
  });

  it('forgets half as fast as it learns', () => {
    assert.equal(watch([0, 1, 1, 1]).ms, 30_000);
    assert.equal(watch([0, 1, 1, 1, 0, 0]).ms, 20_000);
    assert.equal(watch([0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]).ms, 0);
  });

  it('counts the time of an outage as two intervals at most', () => {
    const before = watch([0, 1]);
    const after = see(before, 1, 20_000 + 3_600_000, 10_000);
    assert.equal(after.ms - before.ms, 20_000);
  });

  it('lets doubt warn, but never makes a print failing of it', () => {
    // x of 0.25.
    assert.equal(secondsUntil('warning', 0.4, 10_000), 120);
    assert.equal(secondsUntil('failing', 0.4, 10_000), Number.POSITIVE_INFINITY);
    const doubted = watch([0, ...Array(60).fill(0.4)]);
    assert.equal(doubted.ms, 30_000);
    assert.equal(watch([1, 1, 0.4], 10_000, 0.2, doubted).ms > 30_000, true);
    assert.equal(watch([1, 1, ...Array(20).fill(0.4)], 10_000, 0.2, doubted).ms, 30_000);
    assert.equal(watch([0, 0, 0, 0], 10_000, 0.2, doubted).ms, 10_000);
  });

  it('says what was seen', () => {
    assert.equal(sayEvidence(watch([0, 0, 0, 1, 1, 1, 1])), 'failure seen for 40 of the last 60 s');
    assert.equal(sayEvidence(watch([0, ...Array(20).fill(1)])), 'failure seen for 90 of the last 90 s');
  });

  it('does not call clear what it sees failing, even with nothing built up yet', () => {
    assert.equal(verdictOfEvidence(watch([1]), options), 'watching');
    assert.equal(verdictOfEvidence(watch([0.1]), options), 'clear');
  });

  it('gives the same second of warning and failing at 0.1 to 5 frames a second, give or take one interval', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(200, 500, 1_000, 2_000, 5_000, 10_000),
        fc.double({ min: 0.61, max: 1, noNaN: true }),
        fc.constantFrom('warning' as const, 'failing' as const),
        (stepMs, score, verdict) => {
          const difference = Math.abs(
            secondsUntil(verdict, score, stepMs) - secondsUntil(verdict, score, 200),
          );
          assert.ok(difference <= stepMs / 1000 + 0.4, `${difference} s`);
        },
      ),
    );
  });

  it('never says less for a worse scene, and stays bounded', () => {
    const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 0.5, noNaN: true }), (track, more) => {
        const worse = track.map((score) => Math.min(1, score + more));
        assert.ok(watch(worse).ms >= watch(track).ms);
        assert.ok(watch(worse).ms <= 90_000 && watch(track).ms >= 0);
        assert.ok(watch(track).stretches.length <= 90_000 / 10_000 + 1);
      }),
    );
  });
});

describe('a backend that only scores', () => {
  const scored = (score: number, backend = 'obico') =>
    anAssessment({
      backend,
      score: toScore(score),
      suggests: null,
      quality: null,
      neutral: 0.2,
      nextInMs: 10_000,
    });

  /** Assessments every 10 s of a running print; the kinds of what was ordered. */
  function run(assessments: readonly Assessment[], options = decideOptions): string[] {
    const job = aJob();
    const at = (tickMs: number) => ({ atMs: tickMs, tickMs });
    const printing = { kind: 'print-changed', print: { kind: 'printing', job, pauseFlag: 'none' } } as const;
    let { state } = decide(initialWatchState, printing, at(0), options);
    return assessments.flatMap((assessment, index) => {
      const input = { kind: 'frame-assessed', assessment, camera: 'bed', job, layer: 3 } as const;
      const decision = decide(state, input, at((index + 1) * 10_000), options);
      state = decision.state;
      return decision.effects.map(({ kind }) => `${(index + 1) * 10} s ${kind}`);
    });
  }

  it('warns and pauses by what has built up, once', () => {
    assert.deepEqual(run([scored(0), ...Array.from({ length: 20 }, () => scored(1))]), [
      '40 s raise-alert',
      '100 s take-action',
    ]);
  });

  it('counts nothing in an ignored area, and says where it saw the rest', () => {
    const lamp = { x1: 0, y1: 0.7, x2: 0.2, y2: 1, score: toScore(0.8) };
    const ignore = [rectangle({ x: 0, y: 0.6 }, { x: 0.25, y: 1 })];
    const looks = (regions: readonly Region[]) =>
      Array.from({ length: 20 }, () => ({ ...scored(0.8), regions }));
    assert.deepEqual(run(looks([lamp]), { ...decideOptions, ignore }), []);
    assert.notDeepEqual(run(looks([lamp])), []);
    const rig = createRig({ ignore });
    printing()(rig);
    const loose = { ...lamp, x1: 0.7, x2: 0.9, score: toScore(0.9) };
    for (const look of looks([lamp, loose])) {
      const assessment = { ...look, score: toScore(1) };
      rig.wait(10_000);
      rig.hear({ kind: 'frame-assessed', assessment, camera: 'bed', job: jobA, layer: 3 });
    }
    assert.match(rig.alert?.lines[0] ?? '', /lower right of the picture/);
    assert.deepEqual(rig.state.last?.assessment.regions, [loose]);
  });

  it('counts nothing in an area that was drawn meanwhile, in this print and the next, in place of those set', () => {
    const corner = rectangle({ x: 0, y: 0.6 }, { x: 0.25, y: 1 });
    const lamp = { x1: 0, y1: 0.7, x2: 0.2, y2: 1, score: toScore(0.8) };
    const rig = createRig({ ignore: [rectangle({ x: 0, y: 0 }, { x: 0.1, y: 0.1 })] });
    const look = (job = jobA) => {
      rig.wait(10_000);
      const assessment = { ...scored(0.8), regions: [lamp] };
      rig.hear({ kind: 'frame-assessed', assessment, camera: 'bed', job, layer: 3 });
    };
    printing()(rig);
    look();
    look();
    assert.equal(rig.state.evidence.ms > 0, true);
    rig.hear({ kind: 'areas-changed', areas: [corner] });
    look();
    assert.deepEqual(rig.state.last?.assessment.regions, []);
    rig.hear({ kind: 'print-changed', print: { kind: 'idle' } });
    assert.deepEqual(rig.state.drawn, [corner]);
    printing(jobB)(rig);
    for (let time = 0; time < 20; time += 1) look(jobB);
    assert.equal(rig.alert, null);
    rig.hear({ kind: 'areas-changed', areas: [] });
    for (let time = 0; time < 20; time += 1) look(jobB);
    assert.notEqual(rig.alert, null);
  });

  it('starts afresh when another backend takes over', () => {
    const first = Array.from({ length: 9 }, () => scored(1));
    const second = Array.from({ length: 9 }, () => scored(1, 'open-inference'));
    assert.deepEqual(run([...first, ...second]), ['40 s raise-alert']);
  });

  it('never acts on one bad frame among good ones', () => {
    const flicker = Array.from({ length: 60 }, (_, index) => scored(index % 4 === 0 ? 1 : 0));
    assert.deepEqual(run(flicker), []);
  });
});
