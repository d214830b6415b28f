import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, nothingSeen, patienceFor, see } from '../../src/virtual/print-quality.ts';
import { drawScene, type VirtualScene } from '../../src/virtual/scene.ts';
import { judgePicture } from '../../src/virtual/strand-judge.ts';

const base: VirtualScene = { isPrinting: true, grown: 0.5, spaghetti: 0, gantry: 0.5, isDark: false };

async function badnessOf(change: Partial<VirtualScene>, size?: { width: number; height: number }) {
  const picture = await judgePicture(await drawScene({ ...base, ...change }, size));
  assert.ok(picture !== null);
  return picture.badness;
}

describe('a good print is clean', () => {
  for (const grown of [0, 0.005, 0.05, 0.3, 1])
    for (const gantry of [0, 0.5, 0.7, 1])
      test(`grown ${grown}, gantry ${gantry}`, async () => {
        assert.ok((await badnessOf({ grown, gantry })) < 30);
        assert.ok((await badnessOf({ grown, gantry, isPrinting: false })) < 30);
      });
  test('in the dark as well', async () => {
    assert.ok((await badnessOf({ isDark: true })) < 30);
  });
});

describe('spaghetti is not', () => {
  for (const spaghetti of [0.3, 0.6, 1])
    for (const grown of [0.02, 0.5, 1])
      test(`spaghetti ${spaghetti}, grown ${grown}`, async () => {
        assert.ok((await badnessOf({ spaghetti, grown })) > 70);
        assert.ok((await badnessOf({ spaghetti, grown, gantry: 0.1 })) > 70);
      });
  for (const size of [
    { width: 640, height: 480 },
    { width: 1920, height: 1080 },
  ])
    test(`at ${size.width} × ${size.height}`, async () => {
      assert.ok((await badnessOf({ spaghetti: 0.3 }, size)) > 70);
      assert.ok((await badnessOf({}, size)) < 30);
    });
});

test('more of it is never judged better', async () => {
  let last = -1;
  for (const spaghetti of [0, 0.05, 0.1, 0.2, 0.4]) {
    const badness = await badnessOf({ spaghetti });
    assert.ok(badness >= last, `${badness} at ${spaghetti}`);
    last = badness;
  }
});

test('what does not decode is not judged', async () => {
  const jpeg = await drawScene(base);
  assert.equal(await judgePicture(jpeg.subarray(0, jpeg.length - 5_000)), null);
  assert.equal(await judgePicture(Buffer.from('no picture')), null);
});

/** The answers to pictures of this badness at these seconds. */
function answers(
  pictures: readonly (readonly [number, number])[],
  warningLevel = 3,
  pauseLevel = 3,
): string[] {
  const patience = patienceFor({ warnAfterMs: 30_000, pauseAfterMs: 60_000 }, warningLevel, pauseLevel);
  let seen = nothingSeen;
  return pictures.map(([atS, badness]) => {
    seen = see(seen, badness, atS * 1_000);
    const { WarningSuggested, PauseSuggested } = judge(seen, patience);
    return PauseSuggested ? 'pause' : WarningSuggested ? 'warn' : '-';
  });
}

test('a warning after 30 s, a pause after 60 s and three bad pictures, nothing when it is clean again', () => {
  const bad = 90;
  assert.deepEqual(
    answers([
      [0, 0],
      [20, bad],
      [40, bad],
      [60, bad],
      [80, bad],
      [100, 5],
      [120, bad],
    ]),
    ['-', '-', '-', 'warn', 'pause', '-', '-'],
  );
  assert.deepEqual(
    answers([
      [0, bad],
      [300, bad],
      [320, bad],
    ]),
    ['-', 'warn', 'pause'],
    'never on two pictures',
  );
  assert.deepEqual(
    answers([
      [0, bad],
      [25, 40],
      [50, bad],
      [75, bad],
    ]),
    ['-', '-', 'warn', 'pause'],
    'doubt keeps it',
  );
});

test('confidence levels ask for more or less patience', () => {
  const pictures = [0, 20, 40, 60, 80, 100, 120].map((atS) => [atS, 90] as const);
  assert.deepEqual(answers(pictures, 1, 1), ['-', '-', 'warn', 'pause', 'pause', 'pause', 'pause']);
  assert.deepEqual(answers(pictures, 5, 5), ['-', '-', '-', 'warn', 'warn', 'warn', 'pause']);
});

test('the quality falls before anything is suggested', () => {
  const seen = see(see(nothingSeen, 0, 0), 95, 20_000);
  const { PrintQuality, WarningSuggested, Score } = judge(seen, {
    warnAfterMs: 30_000,
    pauseAfterMs: 60_000,
  });
  assert.ok(PrintQuality <= 3 && Score >= 60 && !WarningSuggested);
});
