import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gridColumns, gridRows, isSameView, isSceneGrid, toSceneGrid } from '../../src/core/scene-grid.ts';

/** Brightness 0..255 at a place, both in fractions. */
type Scene = (x: number, y: number) => number;

/** A printer of sorts: many soft and hard shapes, none of them repeating. */
const printer: Scene = (x, y) => {
  const shapes = Array.from({ length: 40 }, (_, index) => {
    const [left, top] = [(index * 0.618) % 1, (index * 0.414) % 1];
    const [width, height] = [0.06 + ((index * 7) % 5) / 40, 0.05 + ((index * 3) % 7) / 50];
    return x > left && x < left + width && y > top && y < top + height ? ((index * 89) % 160) - 60 : 0;
  });
  return Math.min(Math.max(90 + 40 * y + shapes.reduce((sum, value) => sum + value, 0) / 2, 0), 255);
};

const see = (scene: Scene) =>
  toSceneGrid(
    Array.from({ length: gridColumns * gridRows }, (_, at) => {
      let sum = 0;
      for (let part = 0; part < 16; part += 1) {
        const x = ((at % gridColumns) + ((part % 4) + 0.5) / 4) / gridColumns;
        const y = (Math.floor(at / gridColumns) + (Math.floor(part / 4) + 0.5) / 4) / gridRows;
        sum += Math.min(Math.max(scene(x, y), 0), 255);
      }
      return sum / 16;
    }),
  );

const covered =
  (left: number, top: number, right: number, bottom: number, level: number): Scene =>
  (x, y) =>
    x > left && x < right && y > top && y < bottom ? level : printer(x, y);

const turned =
  (degrees: number, zoom = 1): Scene =>
  (x, y) => {
    const angle = (degrees * Math.PI) / 180;
    const [u, v] = [(x - 0.5) / zoom, (y - 0.5) / zoom];
    return printer(
      0.5 + u * Math.cos(angle) - v * Math.sin(angle),
      0.5 + u * Math.sin(angle) + v * Math.cos(angle),
    );
  };

describe('isSameView', () => {
  const same: readonly (readonly [string, Scene])[] = [
    ['a lamp that is off', (x, y) => printer(x, y) * 0.15],
    ['the sun', (x, y) => printer(x, y) * 1.5],
    ['another exposure', (x, y) => 255 * (printer(x, y) / 255) ** 2],
    ['light from the side', (x, y) => printer(x, y) * (0.3 + x)],
    [
      'a lamp over the bed',
      (x, y) => printer(x, y) * (0.4 + Math.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) * 9)),
    ],
    ['noise', (x, y) => printer(x, y) + 12 * Math.sin(x * 9_241 + y * 7_919)],
    ['a print that has grown', covered(0.35, 0.4, 0.65, 0.8, 220)],
    ['the gantry', covered(0, 0.25, 1, 0.4, 30)],
    ['a hand', covered(0, 0.4, 0.6, 1, 190)],
    ['a nudge', (x, y) => printer(x + 0.01, y)],
  ];
  for (const [what, scene] of same)
    it(`does not mind ${what}`, () => assert.ok(isSameView(see(printer), see(scene))));

  const other: readonly (readonly [string, Scene])[] = [
    ['a shift', (x, y) => printer(x + 0.08, y)],
    ['a shift down', (x, y) => printer(x, y - 0.1)],
    ['a turn', turned(12)],
    ['a zoom', turned(0, 1.35)],
    ['another side', (x, y) => printer(1 - x, y)],
    ['another scene', (x, y) => 128 + 120 * Math.sin(40 * x * y + 9 * x)],
  ];
  for (const [what, scene] of other)
    it(`notices ${what}`, () => assert.ok(!isSameView(see(printer), see(scene))));

  it('calls a wall, and what is no grid, the same', () => {
    const wall = see(() => 100);
    assert.ok(isSameView(wall, see(printer)));
    assert.ok(isSameView(wall, wall));
    assert.ok(isSameView('', see(printer)));
    assert.ok(isSameView(see(printer), 'no grid'));
  });
});

describe('toSceneGrid', () => {
  it('makes a text of one character a cell', () => {
    const grid = see(printer);
    assert.ok(isSceneGrid(grid));
    assert.match(grid, /A/);
    assert.match(grid, /\//);
    assert.ok(!isSceneGrid(grid.slice(1)));
    assert.ok(!isSceneGrid(`_${grid.slice(1)}`));
    assert.throws(() => toSceneGrid([1, 2]), RangeError);
  });
});
