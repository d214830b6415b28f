// What is asked a second time, of the picture upside down, and what is left of a failure that only one of both views shows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lookTwice } from '../../../src/backends/decoders/second-look.ts';
import { BadOutput, type Tensor } from '../../../src/backends/decoders/tensor.ts';
import { fitPicture } from '../../../src/backends/fit.ts';
import { aCard } from './cards.ts';

const picture = { width: 4, height: 2 };
/** Red alone tells: the model of these tests scores each pixel by it. */
const red = [0.9, 0.1, 0.2, 0, 0.3, 0, 0.4, 0.1];
const output = { decoder: 'grid', top: 1, threshold: 0.5 };

/** Looks at `red` with a model that makes these scores of what it is fed, and tells how often it was asked. */
async function look(
  given: object,
  model: (fed: readonly number[], time: number) => readonly number[],
  more: object = {},
  shapes: readonly (readonly number[])[] = [],
) {
  const pixels = Float32Array.from([...red, ...red.map(() => 0), ...red.map(() => 1)]);
  const asked: number[][] = [];
  const card = aCard({ ...output, ...given }, {}, more);
  const fit = fitPicture(picture, picture, { resize: 'stretch', multiple: null });
  const sight = await lookTwice(card, pixels, fit, async (): Promise<readonly Tensor[]> => {
    const fed = [...pixels.slice(0, red.length)].map((value) => Math.round(value * 100) / 100);
    asked.push(fed);
    const scores = Float32Array.from(model(fed, asked.length));
    return [{ name: 'out', shape: shapes[asked.length - 1] ?? [1, 1, 2, 4], data: scores }];
  });
  const short = (value: number) => Math.round(value * 100) / 100;
  return { score: short(sight.score), cells: sight.cells?.scores.map(short), regions: sight.regions, asked };
}

const honest = (fed: readonly number[]) => fed;
/** Sees things in the upper left of whatever it is shown. */
const squinting = (fed: readonly number[]) => fed.map((value, at) => (at === 0 ? 0.75 : value / 10));

describe('a second look', () => {
  test('is taken of the picture upside down, from the score on that the card names', async () => {
    const { asked } = await look({ recheck: 0.89 }, honest);
    assert.deepEqual(asked, [red, red.toReversed()]);
  });
  test('is not taken below it, nor where the card names none', async () => {
    assert.deepEqual((await look({ recheck: 0.91 }, honest)).asked, [red]);
    assert.deepEqual((await look({}, honest)).asked, [red]);
    assert.deepEqual((await look({ recheck: null }, squinting)).score, 0.75);
  });
  test('leaves what both views show as it is', async () => {
    const twice = await look({ recheck: 0.3 }, honest);
    const once = await look({}, honest);
    assert.deepEqual([twice.score, twice.cells, twice.regions], [once.score, once.cells, once.regions]);
    assert.equal(once.regions.length, 1);
  });
  test('halves what one of them shows, score, cells and regions', async () => {
    const { score, cells, regions, asked } = await look({ recheck: 0.3 }, squinting);
    assert.equal(asked.length, 2);
    // The upper left is 0.75 and, upside down, 0.09; the lower right 0.01 and 0.75.
    assert.deepEqual([score, cells, regions], [0.42, [0.42, 0, 0, 0, 0, 0, 0, 0.38], []]);
  });
  test('is asked for by the calibrated score', async () => {
    const calibration = { slope: 1, offset: -Math.log(9) };
    // Calibrated, 0.9 is 0.5.
    assert.equal((await look({ recheck: 0.55 }, honest, { calibration })).asked.length, 1);
    assert.equal((await look({ recheck: 0.45 }, honest, { calibration })).asked.length, 2);
  });
  test('counts the class of the failure, in whichever order the numbers come', async () => {
    const two = (fed: readonly number[]) => [...fed.map((value) => -value), ...fed.map((value) => value)];
    const given = { recheck: 0.3, class: 1, activation: 'softmax' };
    const shape = [1, 2, 2, 4];
    const { score, asked } = await look(given, two, {}, [shape, shape]);
    assert.deepEqual([score, asked.length], [0.86, 2]);
  });
  for (const [what, model, shapes, why] of [
    [
      'another shape',
      honest,
      [
        [1, 1, 2, 4],
        [1, 1, 4, 2],
      ],
      /shape \[1,1,4,2\] once and \[1,1,2,4\] before/,
    ],
    [
      'too few numbers',
      (fed: readonly number[], time: number) => (time === 1 ? fed : [1]),
      [],
      /holds 1 numbers/,
    ],
    [
      'NaN',
      (fed: readonly number[], time: number) => (time === 1 ? fed : fed.map(() => Number.NaN)),
      [],
      /NaN/,
    ],
  ] as const) {
    test(`is an error with ${what}, and never "all is well"`, () =>
      assert.rejects(
        look({ recheck: 0.3 }, model, {}, shapes),
        (error) => error instanceof BadOutput && why.test(error.message),
      ));
  }
});
