import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterPrint,
  type Background,
  backgroundOf,
  countedScore,
  type Glance,
  learnAfter,
  learnAtOnce,
  noBackground,
  restoredBackground,
  teach,
  withBackground,
} from '../../src/core/background.ts';
import { xOf } from '../../src/core/evidence.ts';
import { type Assessment, type Region, toScore, type Verdict } from '../../src/core/types.ts';
import { anAssessment } from '../support/parts.ts';

const none = noBackground('bed', 'obico');
const neutral = 0.2;

function scored(score: number, more: Partial<Assessment> = {}): Assessment {
  return anAssessment({ backend: 'obico', suggests: null, neutral, score: toScore(score), ...more });
}
/** A box over cell 0 of the grid, or beside it. */
function clip(score: number, x = 0): Region {
  return { x1: x, y1: 0, x2: x + 1 / 16, y2: 1 / 12, score: toScore(score) };
}
const boxes = (...regions: readonly Region[]) =>
  scored(
    Math.min(
      1,
      regions.reduce((sum, { score }) => sum + score, 0),
    ),
    { regions },
  );

function glance(assessment: Assessment, more: Partial<Glance> = {}): Glance {
  const x = xOf(assessment.score, neutral);
  return { assessment, stepMs: 10_000, x, printDurationMs: 30_000, ...more };
}

/** Frames one after another, each judged with this evidence. */
function watch(
  background: Background,
  frames: readonly { of: Assessment; evidenceMs?: number; verdict?: Verdict; printDurationMs?: number }[],
): Background {
  return frames.reduce((known, { of, evidenceMs = 0, verdict = 'clear', printDurationMs = 30_000 }) => {
    const seen = glance(of, { printDurationMs });
    return learnAfter(learnAtOnce(known, seen), seen, { evidenceMs, verdict });
  }, background);
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('the background of the first minute', () => {
  it('is learned at once and counts no more', () => {
    const learned = learnAtOnce(none, glance(boxes(clip(0.45))));
    assert.deepEqual(learned.fresh, { 0: 0.45 });
    assert.equal(countedScore(boxes(clip(0.45)), learned), 0);
    assert.ok(Math.abs(countedScore(boxes(clip(0.45), clip(0.5, 0.5)), learned) - 0.5) < 1e-9);
    assert.deepEqual(learnAtOnce(none, glance(scored(0.4))).fresh, { all: 0.4 });
  });

  it('is not learned once it is over, nor late in a print', () => {
    const later = { ...none, watchedMs: 60_001 };
    assert.deepEqual(learnAtOnce(later, glance(boxes(clip(0.45)))).fresh, {});
    const late = glance(boxes(clip(0.45)), { printDurationMs: 600_001 });
    assert.deepEqual(learnAtOnce(none, late).fresh, {});
  });

  it('leaves out what is sure, and what says "no failure"', () => {
    assert.deepEqual(learnAtOnce(none, glance(boxes(clip(0.61)))).fresh, {});
    assert.deepEqual(learnAtOnce(none, glance(boxes(clip(0.2)))).fresh, {});
  });

  it('lets growth in its place count', () => {
    const learned = learnAtOnce(none, glance(boxes(clip(0.4))));
    const grown = countedScore(boxes(clip(0.7)), learned);
    assert.ok(Math.abs(grown - 0.5) < 1e-9);
    assert.ok(Math.abs(countedScore(boxes(clip(1)), learned) - 1) < 1e-9);
  });

  it('goes by the highest cells of a grid', () => {
    const grid = (first: number, last: number) =>
      scored(first, { cells: { columns: 16, rows: 1, scores: [first, ...times(14, 0), last], top: 1 } });
    const learned = learnAtOnce(none, glance(grid(0.5, 0)));
    assert.equal(countedScore(grid(0.5, 0), learned), 0);
    // However many outlines the cells make: they do not add up.
    const outlined = { ...grid(1, 0), regions: [clip(1), clip(1, 0.5)] };
    const half = {
      ...noBackground('bed', 'obico'),
      kept: Object.fromEntries(times(192, 0.5).map((level, at) => [at, level])),
    };
    assert.equal(
      countedScore({ ...outlined, cells: { columns: 1, rows: 1, scores: [0.75], top: 1 } }, half),
      2 / 3,
    );
    // The next highest counts in its place.
    assert.ok(Math.abs(countedScore(grid(0.5, 0.4), learned) - 0.4) < 0.01);
  });

  it('takes no cell and no score for known that says "no failure" by itself', () => {
    const high = {
      neutral: 0.7,
      cells: { columns: 16, rows: 12, scores: [0.8, 0.6, ...times(190, 0)], top: 1 },
    };
    const seen = scored(0.8, high);
    assert.deepEqual(learnAtOnce(none, glance(seen, { x: 0.3 })).fresh, { 0: 0.8 });
  });

  it('changes nothing of a score of 0', () => {
    const learned = learnAtOnce(none, glance(boxes(clip(0.45))));
    assert.equal(countedScore(scored(0), learned), 0);
  });
});

describe('the background of the first good minutes', () => {
  const after = { ...none, watchedMs: 60_001 };
  const blob = { of: boxes(clip(0.5)), evidenceMs: 3_000, verdict: 'watching' } as const;
  const quiet = { of: scored(0) };

  it('is what came and went without a warning', () => {
    const during = watch(after, [blob, { ...blob, of: scored(0) }]);
    assert.deepEqual([during.fresh, during.pending], [{}, { 0: 0.5 }]);
    const learned = watch(during, [quiet]);
    assert.deepEqual(learned.pending, {});
    assert.ok((learned.fresh['0'] ?? 0) > 0.49);
  });

  it('is not what stays, what ended in a warning, what is sure, or what comes later', () => {
    assert.deepEqual(watch(after, times(20, blob)).fresh, {});
    assert.deepEqual(watch(after, [blob, { ...blob, verdict: 'warning' }, quiet]).fresh, {});
    assert.deepEqual(watch(after, [{ ...blob, of: boxes(clip(0.9)) }, quiet]).fresh, {});
    assert.deepEqual(watch(after, [{ ...blob, printDurationMs: 600_001 }, quiet]).fresh, {});
  });
});

describe('a false alarm', () => {
  it('teaches what is seen, however sure, and what is seen in the two minutes after', () => {
    const taught = teach(none, boxes(clip(0.95)));
    assert.deepEqual(taught.kept, { 0: 0.9 });
    assert.ok(countedScore(boxes(clip(0.95)), taught) < 0.6);
    const late = { printDurationMs: 9_000_000, verdict: 'watching', evidenceMs: 1 } as const;
    const more = watch(taught, [{ of: boxes(clip(0.8, 0.5)), ...late }]);
    assert.ok((more.kept['8'] ?? 0) > 0.79);
    const over = watch(more, [
      ...times(12, { of: scored(0), ...late }),
      { of: boxes(clip(0.7, 0.25)), ...late },
    ]);
    assert.equal(over.kept['4'], undefined);
  });

  it('leaves a backend that only scores able to see a failure', () => {
    const taught = teach(none, scored(0.9));
    assert.deepEqual(taught.kept, { all: 0.68 });
    assert.ok(countedScore(scored(0.95), taught) > 0.8);
  });
});

describe('what is known', () => {
  const known: Background = {
    ...none,
    kept: { 0: 0.5 },
    fresh: { 1: 0.4 },
    pending: { 2: 0.3 },
    watchedMs: 5,
  };

  it('is half forgotten after half an hour without it, and not while it is seen', () => {
    const late = { printDurationMs: 9_000_000 };
    const unseen = watch(known, times(180, { of: scored(0), ...late }));
    assert.ok(Math.abs((unseen.kept['0'] ?? 0) - 0.25) < 0.01);
    const seen = watch(known, times(180, { of: boxes(clip(0.5)), ...late }));
    assert.deepEqual([seen.kept['0'], (seen.fresh['1'] ?? 0) < 0.21], [0.5, true]);
    const gone = watch(known, times(1_800, { of: scored(0), ...late }));
    assert.deepEqual([gone.kept, gone.fresh], [{}, {}]);
  });

  it('is forgotten as fast at 5 frames a second', () => {
    let fast: Background = { ...known, kept: { 0: 0.5 } };
    const seen = glance(scored(0), { stepMs: 200, printDurationMs: 9_000_000 });
    for (let frame = 0; frame < 9_000; frame += 1) {
      fast = learnAfter(fast, seen, { evidenceMs: 0, verdict: 'clear' });
    }
    assert.ok(Math.abs((fast.kept['0'] ?? 0) - 0.25) < 0.01, String(fast.kept['0']));
  });

  it('keeps what a print has taught only if that ended well', () => {
    assert.deepEqual(afterPrint(known, true), { ...none, kept: { 0: 0.5, 1: 0.4 } });
    assert.deepEqual(afterPrint(known, false), { ...none, kept: { 0: 0.5 } });
  });

  it('comes back from disk with the first minute over', () => {
    const { camera, backend, kept, fresh, teachMs } = known;
    const restored = restoredBackground({ camera, backend, kept, fresh, teachMs });
    assert.deepEqual(restored.fresh, fresh);
    assert.deepEqual(learnAtOnce(restored, glance(boxes(clip(0.45)), { stepMs: 0 })).fresh, fresh);
  });

  it('is of one camera and one backend, and four of them are remembered', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const list = names.reduce<readonly Background[]>(
      (all, camera) => withBackground(all, { ...noBackground(camera, 'obico'), kept: { 0: 0.5 } }),
      [],
    );
    assert.deepEqual(
      list.map(({ camera }) => camera),
      ['e', 'd', 'c', 'b'],
    );
    assert.deepEqual(backgroundOf(list, 'c', 'obico').kept, { 0: 0.5 });
    assert.deepEqual(backgroundOf(list, 'c', 'other').kept, {});
    assert.equal(withBackground(list, noBackground('c', 'obico')).length, 4);
  });
});
