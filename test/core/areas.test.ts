import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { areaLimits, formatAreas, readAreas } from '../../src/core/areas.ts';
import { rectangle } from '../../src/core/regions.ts';

const corner = rectangle({ x: 0, y: 0 }, { x: 0.2, y: 0.25 });

describe('ignored areas as text', () => {
  it('are rectangles or polygons, one a line', () => {
    assert.deepEqual(readAreas('0,0,0.2,0.25').areas, [corner]);
    assert.deepEqual(readAreas('\n 0.2, .25, 0, 0 \n\n0,1 0.5,1. 0,0.5').areas, [
      corner,
      [
        { x: 0, y: 1 },
        { x: 0.5, y: 1 },
        { x: 0, y: 0.5 },
      ],
    ]);
    assert.deepEqual(readAreas('').areas, []);
  });

  const manyPoints = Array.from({ length: areaLimits.points + 1 }, (_, at) => `${at / 100},${(at % 7) / 10}`);
  const mistakes: [string, RegExp][] = [
    [
      '0,0 0.5,0.5',
      /^"0,0 0.5,0.5" has two points, and a polygon needs three; a rectangle is written x1,y1,x2,y2/,
    ],
    ['0.5,0.5', /has one point/],
    ['0.5', /is neither x1,y1,x2,y2 nor points/],
    ['0,0,1', /is neither/],
    ['0,0,0.1,0.1,0.2', /is neither/],
    ['0,0 0.1,0.1,0.2 1,1', /is neither/],
    ['0,0 0.5,0.5 left,0', /holds "left", which is no number/],
    ['0,0,0.5,', /holds "", which is no number/],
    ['0,0,1e0,1', /holds "1e0"/],
    ['0,0,50%,1', /holds "50%"/],
    ['0,0,640,480', /outside of the picture: fractions go from 0 to 1/],
    ['-0.1,0,0.5,0.5', /outside/],
    ['0.5,0,0.5,1', /no width or no height/],
    ['0,0.5,1,0.5', /no width or no height/],
    ['0,0 0.1,0.1 0.3,0.3', /has no area/],
    ['0.2,0.2 0.2,0.2 0.2,0.2', /has no area/],
    [manyPoints.join(' '), /^"0,0 0.01,0.1 .{20,40}…" has more than 32 points/],
    [
      Array(areaLimits.areas + 1)
        .fill('0,0,0.1,0.1')
        .join('\n'),
      /there are 17 areas, and 16 is the most/,
    ],
    ['0,0,1,1', /nothing would be left to judge/],
    ['0,0,0.5,1\n0.5,0,1,1', /nothing would be left to judge/],
  ];
  for (const [text, expected] of mistakes) {
    it(`say what is wrong with ${text.slice(0, 30).replace('\n', ' ⏎ ')}`, () => {
      assert.match(readAreas(text).problems?.join('; ') ?? '', expected);
    });
  }

  it('name every line that is wrong', () => {
    assert.equal(readAreas('0,0\n0,0,0.1,0.1\n0,2').problems?.length, 2);
  });

  const fraction = fc.integer({ min: 0, max: 10_000 }).map((part) => part / 10_000);
  const areas = fc
    .array(
      fc.oneof(
        fc
          .tuple(fraction, fraction, fraction, fraction)
          .map(([x1, y1, x2, y2]) => rectangle({ x: x1, y: y1 }, { x: x2, y: y2 })),
        fc.array(
          fc.tuple(fraction, fraction).map(([x, y]) => ({ x, y })),
          { minLength: 3, maxLength: areaLimits.points },
        ),
      ),
      { maxLength: areaLimits.areas },
    )
    .filter((drawn) => readAreas(formatAreas(drawn)).problems === undefined);

  it('are written the way they are read', () => {
    assert.equal(formatAreas([corner]), '0,0,0.2,0.25');
    fc.assert(fc.property(areas, (drawn) => assert.deepEqual(readAreas(formatAreas(drawn)).areas, drawn)));
  });

  it('never throw, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readAreas(text);
        assert.ok(read.problems === undefined || read.problems.length > 0);
      }),
    );
  });
});
