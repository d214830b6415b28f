// The polygon that is drawn on the page: corner after corner, closed, taken back, and refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areaLimits, formatAreas, readAreas } from '../../src/core/areas.ts';
import type { Point } from '../../src/core/regions.ts';
import {
  closePolygon,
  type Draft,
  type Drawn,
  emptyDraft,
  moveCross,
  placeCorner,
  sayDraft,
  undoCorner,
  within,
} from '../../src/dashboard/page/polygon.ts';

const at = (x: number, y: number): Point => ({ x, y });
const corners = [at(0.2, 0.2), at(0.6, 0.2), at(0.6, 0.7)];

function draftOf(drawn: Drawn): Draft {
  assert.equal(drawn.kind, 'going-on');
  return drawn.kind === 'going-on' ? drawn.draft : emptyDraft;
}

function drawn(points: readonly Point[]): Draft {
  return points.reduce((draft, point) => draftOf(placeCorner(draft, point)), emptyDraft);
}

describe('a polygon that is drawn', () => {
  it('is closed by its first corner, or by its last once more, and is an area that can be saved', () => {
    for (const end of [at(0.21, 0.19), at(0.6, 0.7)]) {
      const closed = placeCorner(drawn(corners), end);
      assert.deepEqual(closed, { kind: 'closed', area: corners });
      assert.deepEqual(readAreas(formatAreas([corners])).areas, [corners]);
    }
    assert.deepEqual(closePolygon(drawn(corners)), { kind: 'closed', area: corners });
  });

  it('is not closed before it has three corners: a double click is one', () => {
    const one = drawn(corners.slice(0, 1));
    assert.deepEqual(draftOf(placeCorner(one, at(0.2, 0.2))), one);
    const two = drawn(corners.slice(0, 2));
    assert.equal(draftOf(placeCorner(two, at(0.2, 0.21))).corners.length, 3);
    assert.equal(closePolygon(two).kind, 'refused');
  });

  it('is refused where its corners lie on one line, and takes no more than a polygon may have', () => {
    assert.deepEqual(closePolygon({ ...emptyDraft, corners: [at(0, 0), at(0.5, 0.5), at(1, 1)] }), {
      kind: 'refused',
      why: 'These corners lie on one line.',
    });
    const most = Array.from({ length: areaLimits.points }, (_, index) => at(index / 40, (index % 2) / 2));
    const full = drawn(most);
    assert.equal(placeCorner(full, at(0.9, 0.9)).kind, 'refused');
    assert.equal(placeCorner(full, at(0, 0)).kind, 'closed');
  });

  it('loses its last corner, and the cross is there then', () => {
    const draft = undoCorner(drawn(corners));
    assert.deepEqual(draft, { corners: corners.slice(0, 2), cross: corners[2] });
    assert.deepEqual(undoCorner(emptyDraft), emptyDraft);
  });

  it('has a cross that the arrow keys move, within the picture', () => {
    assert.deepEqual(moveCross(emptyDraft, 'ArrowLeft', false)?.cross, at(0.48, 0.5));
    assert.deepEqual(moveCross(emptyDraft, 'ArrowDown', true)?.cross, at(0.5, 0.505));
    assert.deepEqual(moveCross({ ...emptyDraft, cross: at(1, 0) }, 'ArrowRight', false)?.cross, at(1, 0));
    assert.equal(moveCross(emptyDraft, 'a', false), null);
    assert.equal(within(0.123_456), 0.1235);
  });

  it('says where it is', () => {
    assert.equal(sayDraft(emptyDraft), '0 corners. Next at 50 % from the left, 50 % from the top.');
    assert.match(sayDraft(drawn(corners.slice(0, 1))), /^1 corner\. Next at 20 % from the left/);
  });
});
