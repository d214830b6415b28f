import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BedCorners } from '../../src/core/bed.ts';
import {
  type BedObject,
  type BedObjects,
  canSkip,
  failingObject,
  isObjectName,
} from '../../src/core/objects.ts';
import { type Region, toScore } from '../../src/core/types.ts';

/** The picture is the bed, seen from above: a fraction is 2 mm per hundredth. */
const corners: BedCorners = [
  { x: 0, y: 1 },
  { x: 1, y: 1 },
  { x: 1, y: 0 },
  { x: 0, y: 0 },
];
const bed = { minX: 0, minY: 0, maxX: 200, maxY: 200 };

function square(name: string, x: number, y: number, side = 40): BedObject {
  const points = [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
  ] as const;
  return { name, polygon: points.map(([px, py]) => ({ x: px, y: py })) };
}
const left = square('LEFT', 20, 80);
const right = square('RIGHT', 140, 80);
function onBed(objects: readonly BedObject[] = [left, right], excluded: readonly string[] = []): BedObjects {
  return { bed, objects, excluded };
}
function region(x1: number, y1: number, x2: number, y2: number, score = 0.8): Region {
  return { x1, y1, x2, y2, score: toScore(score) };
}
const overLeft = region(0.1, 0.4, 0.3, 0.6);
const overRight = region(0.7, 0.4, 0.9, 0.6);
const find = (regions: readonly Region[], found = onBed()) => failingObject(regions, corners, found);

describe('the object that fails', () => {
  it('is the one that the region lies in', () => {
    assert.equal(find([overLeft]), 'LEFT');
    assert.equal(find([overRight]), 'RIGHT');
    assert.equal(find([region(0, 0.2, 0.5, 0.8)]), 'LEFT', 'a box that is larger than the object');
    assert.equal(find([overLeft, region(0.15, 0.45, 0.3, 0.6)]), 'LEFT');
    assert.equal(find([overLeft, region(0.4, 0, 0.6, 0.1)]), 'LEFT', 'what lies beside is of none');
    assert.equal(find([overLeft, region(0.7, 0.4, 0.9, 0.6, 0.05)]), 'LEFT', 'next to nothing elsewhere');
  });

  it('is not told where there is any doubt', () => {
    assert.equal(find([]), null);
    assert.equal(find([overLeft, overRight]), null, 'two regions, two objects');
    assert.equal(find([region(0, 0.3, 1, 0.7)]), null, 'one region over both');
    assert.equal(find([region(0.4, 0.4, 0.6, 0.6)]), null, 'between them');
    assert.equal(find([region(0, 0, 0.12, 0.42)]), null, 'hardly touched');
    assert.equal(find([region(0.1, 0.4, 0.3, 0.6, 0)]), null, 'nothing that counts');
    const dim = { name: 'DIM', polygon: [] };
    assert.equal(find([overLeft], onBed([left, right, dim])), null, 'one has no outline');
    const stacked = square('STACKED', 20, 80);
    assert.equal(find([overLeft], onBed([left, stacked])), null, 'two in one place');
  });

  it('is none that is left out already, and not the last', () => {
    assert.equal(find([overLeft], onBed([left, right], ['LEFT'])), null);
    assert.equal(find([overLeft], onBed([left, right], ['RIGHT'])), null);
    assert.equal(find([overLeft], onBed([left])), null);
    assert.equal(find([overLeft], onBed([left, right, square('BACK', 80, 150)], ['RIGHT'])), 'LEFT');
  });

  it('lies on the bed, not beyond its horizon', () => {
    const steep: BedCorners = [
      { x: 0.1, y: 0.9 },
      { x: 0.9, y: 0.9 },
      { x: 0.55, y: 0.5 },
      { x: 0.45, y: 0.5 },
    ];
    assert.equal(failingObject([region(0.4, 0, 0.6, 0.1)], steep, onBed()), null);
  });
});

describe('the name of an object', () => {
  it('can stand in a line of G-code', () => {
    for (const name of ['BENCHY.STL_ID_0_COPY_0', 'PART_1-2', 'WÜRFEL_(2)', 'A+B', '3']) {
      assert.ok(isObjectName(name), name);
    }
    for (const name of [
      ...['', 'A B', 'A\nM112', 'A;M112', 'A"', "A'", 'A#', 'A=B', 'A*1', 'A\\', 'A{x}', 'A|B'],
      'A'.repeat(129),
    ]) {
      assert.ok(!isObjectName(name), name);
    }
    assert.ok(!canSkip(onBed([square('A B', 0, 0), right]), 'A B'));
    assert.ok(!canSkip(onBed(), 'OTHER'));
    assert.ok(canSkip(onBed(), 'LEFT'));
  });
});
