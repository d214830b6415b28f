// Whatever a model answers: a score from 0 to 1 with regions within the picture, or a BadOutput, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { suppress } from '../../src/backends/decoders/nms.ts';
import { readSight } from '../../src/backends/decoders/sight.ts';
import { BadOutput, type Tensor } from '../../src/backends/decoders/tensor.ts';
import { fitPicture } from '../../src/backends/fit.ts';
import { aCard } from '../backends/decoders/cards.ts';

const side = fc.integer({ min: 1, max: 2_000 });
const picture = fc.record({ width: side, height: side });
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const activation = fc.constantFrom('none', 'sigmoid');
const calibration = fc.option(
  fc.record({
    slope: fc.double({ min: -100, max: 100, noNaN: true }),
    offset: fc.double({ min: -100, max: 100, noNaN: true }),
  }),
);
const output = fc.oneof(
  fc.record({
    decoder: fc.constant('score'),
    activation: fc.constantFrom('none', 'sigmoid', 'softmax'),
    class: fc.nat(3),
  }),
  fc.record({
    decoder: fc.constant('grid'),
    activation: fc.constantFrom('none', 'sigmoid', 'softmax'),
    class: fc.nat(2),
    threshold: unit,
    top: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({ decoder: fc.constant('yolo'), activation, class: fc.nat(2), threshold: unit, overlap: unit }),
);
/** Mostly such as models give, and now and then anything that 32 bits can hold. */
const number = fc.oneof(
  { weight: 6, arbitrary: unit },
  { weight: 3, arbitrary: fc.double({ min: -50, max: 400, noNaN: true }) },
  { weight: 1, arbitrary: fc.float() },
);
const shape = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }),
  fc.integer({ min: 5, max: 8 }).chain((width) => fc.constantFrom([1, 12, width], [1, width, 12])),
  fc.constantFrom([1, 1, 4, 4], [1, 4, 4, 1], [1, 2], [1, 12, 1, 4], [1, 12], [1, 12, 2]),
);
const tensor: fc.Arbitrary<Tensor> = shape.chain((lengths) => {
  const size = lengths.reduce((product, length) => product * length, 1);
  return fc
    .array(number, { minLength: size, maxLength: size })
    .map((data) => ({ name: 'out', shape: lengths, data: Float32Array.from(data) }));
});

test('any answer of any shape gives a score and regions in range, or is refused', () => {
  let read = 0;
  fc.assert(
    fc.property(
      output,
      calibration,
      fc.array(tensor, { minLength: 1, maxLength: 2 }),
      picture,
      fc.constantFrom('letterbox', 'stretch'),
      fc.constantFrom(null, 1, 32, 300),
      fc.constantFrom('nchw', 'nhwc'),
      (decoder, calibrated, tensors, size, resize, multiple, layout) => {
        const card = aCard(decoder, { layout }, { calibration: calibrated });
        const fit = fitPicture(size, { width: 320, height: 200 }, { resize, multiple });
        try {
          const { score, regions } = readSight(card, tensors, fit);
          read += 1;
          assert.ok(score >= 0 && score <= 1, `score ${score}`);
          assert.ok(regions.length <= 32);
          for (const { x1, y1, x2, y2, score: each } of regions) {
            assert.ok(0 <= x1 && x1 < x2 && x2 <= 1 && 0 <= y1 && y1 < y2 && y2 <= 1, `${[x1, y1, x2, y2]}`);
            assert.ok(each >= 0 && each <= 1, `region ${each}`);
          }
        } catch (error) {
          assert.ok(error instanceof BadOutput, String(error));
        }
      },
    ),
    { numRuns: 5_000 },
  );
  assert.ok(read > 200, `only ${read} answers could be read: the property would prove little`);
});

const length = fc.double({ min: 0.001, max: 500, noNaN: true });
const box = fc
  .record({
    x: fc.double({ min: -500, max: 500, noNaN: true }),
    y: unit,
    width: length,
    height: length,
    score: unit,
  })
  .map(({ x, y, width, height, score }) => ({ x1: x, y1: y, x2: x + width, y2: y + height, score }));

test('suppression keeps the best, keeps nothing twice, and has no opinion on the order it is given', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(box, { selector: ({ score }) => score, maxLength: 40 }),
      unit,
      (boxes, overlap) => {
        const kept = suppress(boxes, overlap);
        assert.ok(kept.every((each) => boxes.includes(each)));
        assert.equal(new Set(kept).size, kept.length);
        const best = boxes.toSorted((a, b) => b.score - a.score)[0];
        assert.equal(kept[0], best);
        assert.deepEqual(suppress(kept, overlap), kept, 'what is kept stays');
        assert.deepEqual(suppress(boxes.toReversed(), overlap), kept);
        if (overlap === 1) assert.equal(kept.length, boxes.length);
      },
    ),
    { numRuns: 1_000 },
  );
});
