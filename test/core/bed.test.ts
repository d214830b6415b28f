import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bed, type BedCorners, bedMap, formatBedCorners, readBedCorners } from '../../src/core/bed.ts';

const bed: Bed = { minX: -10, minY: 0, maxX: 210, maxY: 200 };

function cornersOf(text: string): BedCorners {
  const { corners } = readBedCorners(text);
  assert.ok(corners != null, text);
  return corners;
}

/** Where the map takes a point, in whole tenths of a mm. */
function mapped(corners: BedCorners, x: number, y: number): readonly number[] | null {
  const at = bedMap(corners, bed)({ x, y });
  return at === null ? null : [at.x, at.y].map((mm) => Math.round(mm * 10) / 10);
}

describe('the corners of the bed', () => {
  it('are read, and written the same way', () => {
    const text = '0.1,0.9 1,0.8 .7,0 0.2,0.25';
    assert.equal(formatBedCorners(cornersOf(text)), '0.1,0.9 1,0.8 0.7,0 0.2,0.25');
    assert.deepEqual(cornersOf(' 0.1 , 0.9\t1,0.8  0.7,0 0.2,0.25 ')[0], { x: 0.1, y: 0.9 });
    assert.equal(
      formatBedCorners(cornersOf('-.2,1.1 1.25,1 .7,0 0.2,0.25')),
      '-0.2,1.1 1.25,1 0.7,0 0.2,0.25',
    );
    assert.deepEqual(readBedCorners(' '), { corners: null });
  });

  for (const [text, problem] of [
    ['0.1,0.9 0.9,0.9 0.8,0.2', /^there are 3 points, and a bed has four corners$/],
    ['0.1,0.9', /^there are 1 points/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 0.2,0.2 0.1,0.5', /^there are 5 points/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 0.2', /^"0\.2" is no point x,y$/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 a,b', /^"a,b" is no point/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 --0.1,0.2', /^"--0\.1,0\.2" is no point/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 -1.1,0.2', /^-1\.1,0\.2 is far outside/],
    ['0.1,0.9 0.9,0.9 0.8,0.2 1e9,0.2', /is no point/],
    [
      '100,0.9 0.9,0.9 0.8,0.2 0.2,0.2',
      /^100,0\.9 is far outside of the picture: .* neither pixels nor percent$/,
    ],
    ['0.1,0.9 0.9,2.1 0.8,0.2 0.2,0.2', /^0\.9,2\.1 is far outside/],
    ['0.1,0.9 0.9,0.9 0.2,0.2 0.8,0.2', /^its edges cross or bend inwards/],
    ['0.1,0.9 0.9,0.9 0.4,0.7 0.2,0.2', /^its edges cross or bend inwards/],
    ['0.1,0.1 0.5,0.5 0.9,0.9 0.1,0.9', /^three of the corners lie on one line$/],
    ['0.1,0.1 0.1,0.1 0.9,0.9 0.1,0.9', /^three of the corners/],
  ] as const) {
    it(`are refused: ${text}`, () => assert.match(readBedCorners(text).problem ?? '', problem));
  }
});

describe('the way to the bed', () => {
  const perspective = cornersOf('0.1,0.9 0.9,0.8 0.7,0.3 0.3,0.25');
  const straight = cornersOf('0,1 1,1 1,0 0,0');
  const mirrored = cornersOf('1,1 0,1 0,0 1,0');

  it('leads from corner to corner', () => {
    for (const corners of [perspective, straight, mirrored]) {
      const [frontLeft, frontRight, backRight, backLeft] = corners;
      assert.deepEqual(mapped(corners, frontLeft.x, frontLeft.y), [-10, 0]);
      assert.deepEqual(mapped(corners, frontRight.x, frontRight.y), [210, 0]);
      assert.deepEqual(mapped(corners, backRight.x, backRight.y), [210, 200]);
      assert.deepEqual(mapped(corners, backLeft.x, backLeft.y), [-10, 200]);
    }
  });

  it('keeps straight lines straight: the diagonals meet in the middle of the bed', () => {
    // Of (0.1,0.9)-(0.7,0.3) and (0.9,0.8)-(0.3,0.25).
    const t = (0.9 - 0.25 - (0.55 / 0.6) * (0.1 - 0.3)) / (1 + 0.55 / 0.6);
    assert.deepEqual(mapped(perspective, 0.1 + t, 0.9 - t), [100, 100]);
    assert.deepEqual(mapped(straight, 0.25, 0.75), [45, 50]);
    assert.deepEqual(mapped(mirrored, 0.25, 0.75), [155, 50]);
  });

  it('leads nowhere beyond the horizon', () => {
    assert.equal(mapped(cornersOf('0.1,0.9 0.9,0.9 0.55,0.5 0.45,0.5'), 0.5, 0.05), null);
  });
});
