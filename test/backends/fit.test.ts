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
    assert.deepEqual(fitPicture(picture, input, { resize, multiple: null }), {
      input,
      left,
      top,
      picture: { width, height },
    });
  });
}

for (const [what, picture, multiple, ...lies] of [
  ['a wide one', { width: 1280, height: 720 }, 32, 320, 192, 0, 6, 320, 180],
  ['a high one', { width: 720, height: 1280 }, 32, 192, 320, 6, 0, 180, 320],
  ['one of 4:3', { width: 640, height: 480 }, 32, 320, 256, 0, 8, 320, 240],
  ['one that fits', { width: 640, height: 384 }, 32, 320, 192, 0, 0, 320, 192],
  ['a square one', { width: 500, height: 500 }, 32, 320, 320, 0, 0, 320, 320],
  ['a single row', { width: 8192, height: 1 }, 32, 320, 32, 0, 15, 320, 1],
  [
    'one where the multiple is larger than the input',
    { width: 1280, height: 720 },
    999,
    320,
    320,
    0,
    70,
    320,
    180,
  ],
  ['any one, with a multiple of 1', { width: 1280, height: 720 }, 1, 320, 180, 0, 0, 320, 180],
] as const) {
  test(`lays ${what} into no more of the input than it needs`, () => {
    const {
      input: used,
      left,
      top,
      picture: scaled,
    } = fitPicture(picture, input, { resize: 'letterbox', multiple });
    assert.deepEqual([used.width, used.height, left, top, scaled.width, scaled.height], lies);
  });
}

test('what is stretched fills the whole input', () => {
  const fit = fitPicture({ width: 1280, height: 720 }, input, { resize: 'stretch', multiple: 32 });
  assert.deepEqual(fit, { input, left: 0, top: 0, picture: input });
});

test('a box comes back to where it was seen, cut off at the edges', () => {
  const fit = fitPicture({ width: 1280, height: 720 }, input, { resize: 'letterbox', multiple: null });
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
