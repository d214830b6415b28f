import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Area,
  contains,
  type Place,
  placeOf,
  placeOfSurest,
  rectangle,
  shareInside,
  withoutIgnored,
} from '../../src/core/regions.ts';
import { type Region, toScore } from '../../src/core/types.ts';
import { anAssessment } from '../support/parts.ts';

const lowerLeft = rectangle({ x: 0, y: 0.5 }, { x: 0.5, y: 1 });
const triangle: Area = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 0, y: 1 },
];
/** A C, open to the right. */
const hollow: Area = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 1, y: 0.2 },
  { x: 0.2, y: 0.2 },
  { x: 0.2, y: 0.8 },
  { x: 1, y: 0.8 },
  { x: 1, y: 1 },
  { x: 0, y: 1 },
];

function region(x1: number, y1: number, x2: number, y2: number, score: number): Region {
  return { x1, y1, x2, y2, score: toScore(score) };
}
const near = (value: number, expected: number, by = 0.03) =>
  assert.ok(Math.abs(value - expected) <= by, `${value}, not ${expected}`);

describe('an area', () => {
  it('contains what lies inside, whatever its form', () => {
    assert.ok(contains(lowerLeft, { x: 0.2, y: 0.7 }));
    assert.ok(!contains(lowerLeft, { x: 0.2, y: 0.3 }));
    assert.ok(contains(triangle, { x: 0.3, y: 0.3 }));
    assert.ok(!contains(triangle, { x: 0.7, y: 0.7 }));
    assert.ok(contains(hollow, { x: 0.1, y: 0.5 }));
    assert.ok(!contains(hollow, { x: 0.6, y: 0.5 }));
    assert.ok(!contains([], { x: 0.5, y: 0.5 }));
  });

  it('is the same rectangle from any two opposite corners', () => {
    assert.deepEqual(rectangle({ x: 0.5, y: 1 }, { x: 0, y: 0.5 }), lowerLeft);
  });

  it('covers a share of a box; areas that overlap count once', () => {
    assert.equal(shareInside([], { x1: 0, y1: 0, x2: 1, y2: 1 }), 0);
    near(shareInside([lowerLeft], { x1: 0, y1: 0, x2: 1, y2: 1 }), 0.25);
    near(shareInside([lowerLeft, lowerLeft], { x1: 0.4, y1: 0.5, x2: 0.6, y2: 0.7 }), 0.5);
    near(shareInside([triangle], { x1: 0, y1: 0, x2: 1, y2: 1 }), 0.5);
    near(shareInside([hollow], { x1: 0, y1: 0, x2: 1, y2: 1 }), 1 - 0.8 * 0.6);
  });
});

describe('what is left without the ignored areas', () => {
  const lamp = region(0, 0.6, 0.3, 0.9, 0.6);
  const part = region(0.5, 0.2, 0.8, 0.5, 0.2);
  const scored = (score: number, regions: readonly Region[]) =>
    anAssessment({ suggests: null, score: toScore(score), regions });

  it('is everything where nothing is ignored, or nothing lies there', () => {
    const assessment = scored(0.8, [lamp, part]);
    assert.equal(withoutIgnored(assessment, []), assessment);
    const elsewhere = scored(0.2, [part]);
    assert.equal(withoutIgnored(elsewhere, [lowerLeft]), elsewhere);
  });

  it('is the share of box mass outside', () => {
    const left = withoutIgnored(scored(0.8, [lamp, part]), [lowerLeft]);
    assert.deepEqual(left.regions, [part]);
    near(left.score, 0.2, 1e-9);
    assert.equal(withoutIgnored(scored(0.6, [lamp]), [lowerLeft]).score, 0);
  });

  it('counts the boxes themselves where their sum was cut at 1', () => {
    const bad = region(0.5, 0.2, 0.8, 0.5, 0.9);
    near(withoutIgnored(scored(1, [lamp, bad, part]), [lowerLeft]).score, 1, 1e-9);
    near(withoutIgnored(scored(1, [lamp, lamp, part]), [lowerLeft]).score, 0.2, 1e-9);
  });

  it('keeps a box that lies there by half or less, and takes boxes of no score for nothing', () => {
    const half = region(0.3, 0.6, 0.8, 0.9, 0.6);
    assert.deepEqual(withoutIgnored(scored(0.6, [half]), [lowerLeft]).regions, [half]);
    assert.equal(withoutIgnored(scored(0.4, [{ ...lamp, score: toScore(0) }]), [lowerLeft]).score, 0);
  });

  it('is what the highest cells outside make, for a grid', () => {
    const cells = { columns: 2, rows: 2, scores: [0.2, 0.4, 0.9, 0.6], top: 2 };
    const grid = { ...scored(0.75, [lamp]), cells };
    const left = withoutIgnored(grid, [lowerLeft]);
    assert.deepEqual([left.regions, left.cells?.scores], [[], [0.2, 0.4, 0, 0.6]]);
    near(left.score, 0.5, 1e-9);
    const dark = { ...cells, scores: [0, 0, 0, 0] };
    assert.equal(withoutIgnored({ ...scored(0.03, []), cells: dark }, [lowerLeft]).score, toScore(0.03));
  });

  it('drops only the boxes of a backend that decides for itself', () => {
    const assessment = anAssessment({ score: toScore(0.7), regions: [lamp, part] });
    assert.deepEqual(withoutIgnored(assessment, [lowerLeft]), { ...assessment, regions: [part] });
  });
});

describe('the place of a box', () => {
  const cases: [number, number, Place][] = [
    [0.1, 0.1, 'upper left'],
    [0.5, 0.1, 'top'],
    [0.9, 0.1, 'upper right'],
    [0.1, 0.5, 'left'],
    [0.5, 0.5, 'centre'],
    [0.9, 0.5, 'right'],
    [0.1, 0.9, 'lower left'],
    [0.5, 0.9, 'bottom'],
    [0.9, 0.9, 'lower right'],
  ];
  for (const [x, y, place] of cases) {
    it(`with its middle at ${x},${y} is ${place}`, () => {
      assert.equal(placeOf({ x1: x - 0.1, y1: y - 0.1, x2: x + 0.1, y2: y + 0.1 }), place);
    });
  }

  it('is the whole picture when it covers most of it', () => {
    assert.equal(placeOf({ x1: 0.05, y1: 0.1, x2: 1, y2: 1 }), 'whole picture');
  });

  it('is told of the surest region', () => {
    const regions = [
      region(0, 0, 0.2, 0.2, 0.3),
      region(0.8, 0.8, 1, 1, 0.5),
      region(0.4, 0.4, 0.6, 0.6, 0.1),
    ];
    assert.equal(placeOfSurest(regions), 'lower right');
    assert.equal(placeOfSurest([]), null);
  });
});
