import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { above, heatColumns, heatOf, heatRows, heatUnder, hottest, marksOf } from '../../src/core/heat.ts';
import { toScore } from '../../src/core/types.ts';
import { anAssessment } from '../support/parts.ts';

/** A box over whole cells of the grid. */
function cellsBox(column: number, row: number, columns = 1, rows = 1) {
  return {
    x1: column / heatColumns,
    y1: row / heatRows,
    x2: (column + columns) / heatColumns,
    y2: (row + rows) / heatRows,
  };
}

describe('marks', () => {
  it('are the cells that score, where a backend gives a grid', () => {
    const cells = { columns: 2, rows: 2, scores: [0, 0.5, 0, 0.25], top: 1 };
    assert.deepEqual(marksOf(anAssessment({ cells, score: toScore(0.5) })), [
      { box: { x1: 0.5, y1: 0, x2: 1, y2: 0.5 }, score: 0.5 },
      { box: { x1: 0.5, y1: 0.5, x2: 1, y2: 1 }, score: 0.25 },
    ]);
  });

  it('are the boxes, where it gives boxes', () => {
    const region = { ...cellsBox(3, 4), score: toScore(0.7) };
    assert.deepEqual(marksOf(anAssessment({ regions: [region] })), [{ box: region, score: 0.7 }]);
  });

  it('are the picture as a whole, where it only scores', () => {
    assert.deepEqual(marksOf(anAssessment({ score: toScore(0.3) })), [{ box: null, score: 0.3 }]);
    assert.deepEqual(marksOf(anAssessment({ score: toScore(0) })), []);
  });
});

describe('heat', () => {
  it('is the highest score of every cell that a box touches', () => {
    const heat = heatOf([
      { box: cellsBox(1, 1, 2, 1), score: 0.4 },
      { box: cellsBox(2, 1), score: 0.6 },
      { box: null, score: 0.3 },
    ]);
    assert.deepEqual(heat, { [heatColumns + 1]: 0.4, [heatColumns + 2]: 0.6, all: 0.3 });
  });

  it('leaves out a cell that a box only grazes, unless the box is as small', () => {
    assert.deepEqual(heatOf([{ box: cellsBox(0.96, 0, 1, 1), score: 0.5 }]), { 1: 0.5 });
    assert.deepEqual(heatOf([{ box: cellsBox(0.9, 0, 0.2, 0.2), score: 0.5 }]), { 0: 0.5, 1: 0.5 });
  });

  it('stays inside the picture', () => {
    const last = heatColumns * heatRows - 1;
    assert.deepEqual(heatOf([{ box: { x1: 0.999, y1: 0.999, x2: 1, y2: 1 }, score: 1 }]), { [last]: 1 });
    assert.equal(Object.keys(heatOf([{ box: { x1: 0, y1: 0, x2: 1, y2: 1 }, score: 1 }])).length, last + 1);
  });

  it('under a mark is the mean of its cells, by area', () => {
    const heat = { 0: 0.4, 1: 0.2, all: 0.3 };
    assert.equal(heatUnder(heat, { box: cellsBox(0, 0), score: 1 }), 0.4);
    assert.ok(Math.abs(heatUnder(heat, { box: cellsBox(0, 0, 2, 1), score: 1 }) - 0.3) < 1e-9);
    assert.equal(heatUnder(heat, { box: cellsBox(8, 8), score: 1 }), 0);
    assert.equal(heatUnder(heat, { box: null, score: 1 }), 0.3);
    assert.equal(heatUnder({}, { box: null, score: 1 }), 0);
    assert.equal(heatUnder(heat, { box: { x1: 1, y1: 1, x2: 1, y2: 1 }, score: 1 }), 0);
  });

  it('of two is the higher, place by place', () => {
    const known = { 1: 0.5, 2: 0.2 };
    assert.equal(hottest(known, { 1: 0.5 }), known);
    assert.deepEqual(hottest(known, { 2: 0.3, 3: 0.1 }), { 1: 0.5, 2: 0.3, 3: 0.1 });
  });
});

it('what is above the known: nothing up to it, all of a certain failure', () => {
  assert.equal(above(0.4, 0.5), 0);
  assert.equal(above(0.5, 0.5), 0);
  assert.equal(above(0.75, 0.5), 0.5);
  assert.equal(above(1, 0.9), 1);
  assert.equal(above(0.4, 0), 0.4);
});
