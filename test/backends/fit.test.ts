import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitPicture, toPicture } from '../../src/backends/fit.ts';

const input = { width: 320, height: 320 };

for (const [what, picture, resize, left, top, width, height] of [
  ['a wide one', { width: 1280, height: 720 }, 'letterbox', 0, 70, 320, 180],
  ['a high one', { width: 720, height: 1280 }, 'letterbox', 70, 0, 180, 320],
  ['a square one', { width: 500, height: 500 }, 'letterbox', 0, 0, 320, 320],
  ['a small one, made larger', { width: 32, height: 16 }, 'letterbox', 0, 80, 320, 160],
  ['one of odd size', { width: 640, height: 481 }, 'letterbox', 0, 39, 320, 241],
  ['a single row', { width: 8192, height: 1 }, 'letterbox', 0, 159, 320, 1],
  ['one pixel', { width: 1, height: 1 }, 'letterbox', 0, 0, 320, 320],
  ['a wide one, stretched', { width: 1280, height: 720 }, 'stretch', 0, 0, 320, 320],
] as const) {
  test(`lays ${what} into the input`, () => {
    assert.deepEqual(fitPicture(picture, input, resize), { input, left, top, picture: { width, height } });
  });
}

test('a box comes back to where it was seen, cut off at the edges', () => {
  const fit = fitPicture({ width: 1280, height: 720 }, input, 'letterbox');
  assert.deepEqual(toPicture(fit, { x1: 80, y1: 115, x2: 160, y2: 160 }), {
    x1: 0.25,
    y1: 0.25,
    x2: 0.5,
    y2: 0.5,
  });
  assert.deepEqual(toPicture(fit, { x1: -50, y1: 0, x2: 400, y2: 160 }), { x1: 0, y1: 0, x2: 1, y2: 0.5 });
  assert.equal(toPicture(fit, { x1: 0, y1: 0, x2: 320, y2: 70 }), null, 'on the upper bar');
  assert.equal(toPicture(fit, { x1: 0, y1: 250, x2: 320, y2: 320 }), null, 'on the lower bar');
});
