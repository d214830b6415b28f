import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SmallPicture } from '../../src/camera/small-picture.ts';
import { createStillWatch } from '../../src/camera/still.ts';

const [width, height] = [80, 45];

/** A scene with the noise of an encoder, and `changes` of its 3,600 blocks clearly different. */
function picture(index: number, changes: number): SmallPicture {
  const brightness = Float32Array.from({ length: width * height }, (_, at) => {
    const noise = ((at * 31 + index * 17) % 5) / 4;
    return ((at * 7_919) % 160) - 80 + noise + (at < changes ? 20 * (index % 3) : 0);
  });
  return { width, height, planes: [brightness], stripHeight: 1, missing: 0 };
}

/** The first picture, counted from 1, that is called frozen; null for none of them. */
function frozenAt(pictures: number, everyMs: number, changes: number): number | null {
  const watch = createStillWatch();
  for (let index = 0; index < pictures; index += 1) {
    try {
      watch.check(picture(index, changes), { atMs: 0, tickMs: index * everyMs });
    } catch {
      return index + 1;
    }
  }
  return null;
}

describe('createStillWatch', () => {
  it('needs 20 pictures and 3 minutes in which only a clock moves', () => {
    assert.equal(frozenAt(30, 10_000, 8), 20);
    assert.equal(frozenAt(30, 60_000, 8), 20);
    assert.equal(frozenAt(400, 1_000, 8), 181);
  });

  it('lets a scene pass in which anything moves', () => {
    assert.equal(frozenAt(300, 10_000, 16), null);
  });

  it('begins anew when something moves, or the size changes', () => {
    const watch = createStillWatch();
    const check = (changes: number, second: number) =>
      watch.check(picture(1, changes), { atMs: 0, tickMs: second * 1_000 });
    for (let second = 0; second < 190; second += 10) check(0, second);
    check(400, 190);
    check(400, 200);
    const other = { ...picture(1, 400), planes: [new Float32Array(4)] };
    watch.check(other, { atMs: 0, tickMs: 210_000 });
  });
});
