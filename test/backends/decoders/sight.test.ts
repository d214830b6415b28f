// What each decoder makes of an answer, and which answers it refuses.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSight } from '../../../src/backends/decoders/sight.ts';
import { BadOutput, type Tensor } from '../../../src/backends/decoders/tensor.ts';
import { type Fit, fitPicture } from '../../../src/backends/fit.ts';
import { aCard } from './cards.ts';

const square = { width: 100, height: 100 };
const whole = fitPicture(square, square, { resize: 'stretch', multiple: null });
/** Bars of 25 rows above and below. */
const wide = fitPicture({ width: 200, height: 100 }, square, { resize: 'letterbox', multiple: null });

const tensor = (shape: readonly number[], ...data: number[]): Tensor => ({
  name: 'out',
  shape,
  data: Float32Array.from(data),
});
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

/** Score, and regions as [x1, y1, x2, y2, score]. */
function sight(
  output: object,
  tensors: readonly Tensor[],
  fit: Fit = whole,
  input: object = {},
  more: object = {},
) {
  const { score, regions } = readSight(aCard(output, input, more), tensors, fit);
  return [
    rounded(score),
    regions.map(({ x1, y1, x2, y2, score: each }) => [x1, y1, x2, y2, each].map(rounded)),
  ];
}

describe('score', () => {
  const score = (more: object = {}) => ({ decoder: 'score', ...more });
  for (const [what, output, shape, data, expected] of [
    ['one number', score(), [1], [0.25], 0.25],
    ['one number in many brackets', score(), [1, 1, 1, 1], [0.25], 0.25],
    ['a class among three', score({ class: 2 }), [1, 3], [0.5, 0.25, 0.125], 0.125],
    ['a logit', score({ activation: 'sigmoid' }), [1, 1], [0], 0.5],
    ['a huge logit', score({ activation: 'sigmoid' }), [1, 1], [1e30], 1],
    ['two logits', score({ activation: 'softmax', class: 1 }), [1, 2], [0, Math.log(3)], 0.75],
    ['a hopeless rival', score({ activation: 'softmax' }), [1, 2], [-1e30, 1e30], 0],
    ['a little above 1', score(), [1], [1.0005], 1],
    ['a little below 0', score(), [1], [-0.0005], 0],
  ] as const) {
    test(`reads ${what}`, () => assert.deepEqual(sight(output, [tensor(shape, ...data)]), [expected, []]));
  }
  for (const [what, output, shape, data, why] of [
    ['a number past 1', score(), [1], [1.5], /1.5.*needs an activation/],
    ['a negative number', score(), [1], [-0.5], /-0.5.*needs an activation/],
    ['NaN', score(), [1], [Number.NaN], /holds NaN/],
    ['infinity', score({ activation: 'sigmoid' }), [1], [Number.POSITIVE_INFINITY], /holds Infinity/],
    ['NaN in another class', score({ activation: 'softmax' }), [1, 2], [1, Number.NaN], /holds NaN/],
    ['softmax of one', score({ activation: 'softmax' }), [1, 1], [1], /one class only/],
    [
      'a class that is not there',
      score({ class: 3 }),
      [1, 3],
      [0, 0, 0],
      /3 classes, so there is no class 3/,
    ],
    ['two pictures', score(), [2, 2], [0, 0, 0, 0], /no list of scores/],
    ['nothing', score(), [0], [], /no class 0|no list/],
    ['fewer numbers than the shape has', score({ class: 1 }), [1, 2], [0.5], /holds 1 numbers/],
  ] as const) {
    test(`refuses ${what}`, () => refuses(output, [tensor(shape, ...data)], why));
  }
  test('wants exactly one output', () => {
    refuses(score(), [], /0 tensors/);
    refuses(score(), [tensor([1], 0), tensor([1], 0)], /2 tensors/);
  });
});

describe('grid', () => {
  const grid = (more: object = {}) => ({ decoder: 'grid', threshold: 0.5, top: 2, ...more });
  const two = [0.75, 0.125, 0.25, 1];
  /** What those mean as two rows of two. */
  const corners = [
    0.875,
    [
      [0.5, 0.5, 1, 1, 1],
      [0, 0, 0.5, 0.5, 0.75],
    ],
  ] as const;
  for (const [what, output, shape, data, expected, input] of [
    ['rows and columns', grid(), [2, 2], two, corners],
    ['a batch of one', grid(), [1, 2, 2], two, corners],
    ['one class first', grid(), [1, 1, 2, 2], two, corners],
    ['one class last', grid(), [1, 2, 2, 1], two, corners],
    ['one class first of a model with colours last', grid(), [1, 1, 2, 2], two, corners, { layout: 'nhwc' }],
    [
      'a single row',
      grid(),
      [1, 1, 1, 4],
      two,
      [
        0.875,
        [
          [0.75, 0, 1, 1, 1],
          [0, 0, 0.25, 1, 0.75],
        ],
      ],
    ],
    ['classes first', grid({ class: 1, top: 1 }), [1, 2, 1, 2], [0, 0, 0.25, 1], [1, [[0.5, 0, 1, 1, 1]]]],
    [
      'classes last',
      grid({ class: 1, top: 1 }),
      [1, 2, 1, 2],
      [0, 0.25, 0, 1],
      [1, [[0, 0.5, 1, 1, 1]]],
      { layout: 'nhwc' },
    ],
    ['fewer cells than the top', grid({ top: 9 }), [1, 2], [0.5, 0.25], [0.375, []]],
    [
      'cells that touch as one region',
      grid(),
      [2, 3],
      [1, 0, 0, 0.75, 0.75, 0],
      [0.875, [[0, 0, 0.666667, 1, 1]]],
    ],
    [
      'cells that meet at a corner as two',
      grid({ top: 1 }),
      [2, 2],
      [1, 0, 0, 0.75],
      [
        1,
        [
          [0, 0, 0.5, 0.5, 1],
          [0.5, 0.5, 1, 1, 0.75],
        ],
      ],
    ],
    [
      'logits',
      grid({ activation: 'sigmoid', top: 1 }),
      [1, 2],
      [Math.log(3), -9],
      [0.75, [[0, 0, 0.5, 1, 0.75]]],
    ],
  ] as const) {
    test(`reads ${what}`, () => {
      const [score, regions] = sight(output, [tensor(shape, ...data)], whole, input);
      assert.equal(score, expected[0]);
      // Only the order by score is promised.
      assert.deepEqual(regions, expected[1]);
    });
  }
  test('leaves out what lies on the bars of a letterbox, and maps the rest to the picture', () => {
    const rows = [1, 1, 0, 0.5, 0.75, 0, 1, 1];
    assert.deepEqual(sight(grid({ top: 4, threshold: 0.6 }), [tensor([4, 2], ...rows)], wide), [
      0.3125,
      [[0, 0.5, 0.5, 1, 0.75]],
    ]);
  });
  test('hands on its cells as they lie on the picture, calibrated and short', () => {
    const cells = (output: object, tensors: readonly Tensor[], fit: Fit, more: object = {}) =>
      readSight(aCard(output, {}, more), tensors, fit).cells;
    assert.deepEqual(cells(grid({ top: 2 }), [tensor([2, 2], 0.04, 0.51239, 1, 0)], whole), {
      columns: 2,
      rows: 2,
      scores: [0, 0.512, 1, 0],
      top: 2,
    });
    const bars = [1, 1, 0, 0.5, 0.75, 0, 1, 1];
    assert.deepEqual(cells(grid({ top: 2 }), [tensor([4, 2], ...bars)], wide)?.scores, [0, 0.5, 0.75, 0]);
    const calibration = { slope: 1, offset: -Math.log(3) };
    const [half] = cells(grid({ top: 1 }), [tensor([1, 1], 0.5)], whole, { calibration })?.scores ?? [];
    assert.equal(half, 0.25);
    assert.equal(cells(grid({ top: 1 }), [tensor([1, 1], 0.5)], wide)?.rows, 1);
    assert.equal(cells(grid(), [tensor([65, 65], ...new Array(65 * 65).fill(0.5))], whole), null);
    assert.equal(cells({ decoder: 'score' }, [tensor([1], 0.5)], whole), null);
  });
  test('shows at most 32 regions, the highest first', () => {
    const cells = Array.from({ length: 400 }, (_, at) =>
      at % 2 === 0 && Math.floor(at / 20) % 2 === 0 ? 0.5 + at / 1000 : 0,
    );
    const { regions } = readSight(aCard(grid({ threshold: 0.1 })), [tensor([20, 20], ...cells)], whole);
    assert.equal(regions.length, 32);
    assert.deepEqual(
      regions.map(({ score }) => score),
      regions.map(({ score }) => score).toSorted((a, b) => b - a),
    );
  });
  for (const [what, shape, why] of [
    ['two pictures', [2, 1, 2, 2], /no grid/],
    ['five dimensions', [1, 1, 1, 2, 2], /no grid/],
    ['a list', [4], /no grid/],
    ['no cells', [1, 1, 0, 2], /no grid/],
    ['more cells than a grid has', [1, 257], /no grid/],
  ] as const) {
    const length = shape.reduce((size: number, each: number) => size * each, 1);
    test(`refuses ${what}`, () => refuses(grid(), [tensor(shape, ...new Array(length).fill(0))], why));
  }
});

describe('yolo', () => {
  const yolo = (more: object = {}) => ({ decoder: 'yolo', threshold: 0.25, ...more });
  /** Six boxes of `[x, y, w, h, …]`, the rest of them of no account. */
  const rows = (...boxes: number[][]) => {
    const width = boxes[0]?.length ?? 0;
    return tensor([1, 16, width], ...boxes.flat(), ...new Array((16 - boxes.length) * width).fill(0));
  };
  const columns = (...boxes: number[][]) => {
    const height = boxes[0]?.length ?? 0;
    const data = Array.from({ length: height }, (_, row) =>
      Array.from({ length: 16 }, (__, at) => boxes[at]?.[row] ?? 0),
    );
    return tensor([1, height, 16], ...data.flat());
  };
  const apart = (boxes: number[][], confidences: number[], classes = 1): Tensor[] => [
    tensor([1, boxes.length, 1, 4], ...boxes.flat()),
    tensor(classes === 1 ? [1, boxes.length] : [1, boxes.length, classes], ...confidences),
  ];
  const left = [20, 50, 40, 20];
  const leftRegion = [0, 0.4, 0.4, 0.6];
  const right = [80, 50, 20, 100];
  const rightRegion = [0.7, 0, 0.9, 1];

  for (const [what, output, tensors, expected] of [
    [
      'rows with presence',
      yolo(),
      [rows([...left, 0.5, 0.75], [...right, 0.25, 0.5])],
      [0.375, [[...leftRegion, 0.375]]],
    ],
    [
      'rows of two classes',
      yolo({ class: 1 }),
      [rows([...left, 1, 0.9, 0], [...right, 1, 0, 0.5])],
      [0.5, [[...rightRegion, 0.5]]],
    ],
    [
      'rows of logits',
      yolo({ activation: 'sigmoid' }),
      [rows([...left, 99, 0], [...right, -99, 99])],
      [0.5, [[...leftRegion, 0.5]]],
    ],
    [
      'columns',
      yolo(),
      [columns([...left, 0.5], [...right, 0.375])],
      [
        0.875,
        [
          [...leftRegion, 0.5],
          [...rightRegion, 0.375],
        ],
      ],
    ],
    [
      'columns of two classes',
      yolo({ class: 1 }),
      [columns([...left, 0.9, 0], [...right, 0, 0.5])],
      [0.5, [[...rightRegion, 0.5]]],
    ],
    [
      'boxes and confidences apart',
      yolo(),
      apart(
        [
          [0, 0.4, 0.4, 0.6],
          [0.7, 0, 0.9, 1],
        ],
        [0.5, 0.25],
      ),
      [0.5, [[...leftRegion, 0.5]]],
    ],
    [
      'confidences of two classes apart',
      yolo({ class: 1 }),
      apart(
        [
          [0, 0.4, 0.4, 0.6],
          [0.7, 0, 0.9, 1],
        ],
        [1, 0, 0, 0.5],
        2,
      ),
      [0.5, [[...rightRegion, 0.5]]],
    ],
    ['nothing above the threshold', yolo(), [columns([...left, 0.25])], [0, []]],
    [
      'more than one failure, up to 1',
      yolo(),
      [columns([...left, 0.75], [...right, 0.5])],
      [
        1,
        [
          [...leftRegion, 0.75],
          [...rightRegion, 0.5],
        ],
      ],
    ],
    [
      'one failure seen twice as one',
      yolo(),
      [columns([...left, 0.5], [22, 50, 40, 20, 0.75])],
      [0.75, [[0.02, 0.4, 0.42, 0.6, 0.75]]],
    ],
    [
      'neighbours that overlap a little as two',
      yolo(),
      [columns([...left, 0.5], [50, 50, 40, 20, 0.375])],
      [
        0.875,
        [
          [...leftRegion, 0.5],
          [0.3, 0.4, 0.7, 0.6, 0.375],
        ],
      ],
    ],
    [
      'a box across the edge, cut off there',
      yolo(),
      [columns([0, 0, 40, 20, 0.5])],
      [0.5, [[0, 0, 0.2, 0.1, 0.5]]],
    ],
    [
      'nonsense below the threshold',
      yolo(),
      [columns([Number.NaN, 1e30, -5, -5, 0.1], [...left, 0.5])],
      [0.5, [[...leftRegion, 0.5]]],
    ],
  ] as const) {
    test(`reads ${what}`, () => assert.deepEqual(sight(output, tensors), expected));
  }
  test('does not count a box on the bars of a letterbox', () => {
    const tensors = [columns([50, 10, 20, 10, 0.75], [50, 50, 20, 20, 0.5])];
    assert.deepEqual(sight(yolo(), tensors, wide), [0.5, [[0.4, 0.3, 0.6, 0.7, 0.5]]]);
  });
  for (const [what, output, tensors, why] of [
    ['NaN for a confidence', yolo(), [columns([...left, Number.NaN])], /holds NaN/],
    ['a confidence above 1', yolo(), [columns([...left, 1.5])], /1.5.*activation/],
    ['NaN for a presence', yolo(), [rows([...left, Number.NaN, 0.5])], /holds NaN/],
    ['a box of NaN', yolo(), [columns([Number.NaN, 1, 1, 1, 0.5])], /box/],
    ['a box without end', yolo(), [columns([10, 10, 1e30, 1, 0.5])], /far outside/],
    ['a negative width', yolo(), [columns([50, 50, -20, 10, 0.5])], /no area/],
    ['a box without height', yolo(), [columns([50, 50, 20, 0, 0.5])], /no area/],
    ['a box from right to left', yolo(), apart([[0.9, 0, 0.7, 1]], [0.5]), /no area/],
    ['a box beside the input', yolo(), [columns([150, 50, 20, 20, 0.5])], /outside of its input/],
    [
      'a class that is not there',
      yolo({ class: 1 }),
      [columns([...left, 0.5])],
      /1 classes, so there is no class 1/,
    ],
    ['as many boxes as numbers', yolo(), [tensor([1, 6, 6], ...new Array(36).fill(0))], /no boxes/],
    ['boxes without confidence', yolo(), [tensor([1, 4, 16], ...new Array(64).fill(0))], /no boxes/],
    ['rows without a class', yolo(), [tensor([1, 16, 5], ...new Array(80).fill(0))], /no boxes/],
    ['two pictures', yolo(), [tensor([2, 16, 6], ...new Array(192).fill(0))], /no boxes/],
    [
      'boxes and other confidences',
      yolo(),
      [tensor([1, 2, 4], ...new Array(8).fill(0)), tensor([1, 3], 0, 0, 0)],
      /no boxes/,
    ],
    [
      'confidences in the place of boxes',
      yolo(),
      [tensor([1, 3], 0, 0, 0), tensor([1, 3, 4], ...new Array(12).fill(0))],
      /no boxes/,
    ],
    ['three outputs', yolo(), [tensor([1], 0), tensor([1], 0), tensor([1], 0)], /no boxes/],
  ] as const) {
    test(`refuses ${what}`, () => refuses(output, tensors, why));
  }
});

describe('calibration', () => {
  const read = (score: number, slope: number, offset: number) =>
    readSight(
      aCard({ decoder: 'score' }, {}, { calibration: { slope, offset } }),
      [tensor([1], score)],
      whole,
    ).score;
  test('slope 1 and offset 0 change nothing', () => {
    for (const score of [0.001, 0.25, 0.5, 0.999]) assert.ok(Math.abs(read(score, 1, 0) - score) < 1e-6);
  });
  test('an offset moves the middle, a slope makes it steeper', () => {
    assert.ok(Math.abs(read(0.5, 1, Math.log(3)) - 0.75) < 1e-9);
    assert.ok(Math.abs(read(0.75, 2, 0) - 0.9) < 1e-6);
    assert.ok(read(0.75, -1, 0) < 0.5);
  });
  test('certainty stays within 0 and 1', () => {
    for (const score of [0, 1])
      for (const slope of [-100, 100]) assert.ok([0, 1].includes(Math.round(read(score, slope, 0))));
  });
  test('a cell that is calibrated to next to nothing is not shown', () => {
    const calibration = { slope: 2.5, offset: -6.4 };
    const seen = (value: number) =>
      sight({ decoder: 'grid', threshold: 0.5, top: 1 }, [tensor([1, 1], value)], whole, {}, { calibration });
    assert.deepEqual(seen(0.6)[1], []);
    assert.deepEqual(seen(0.95)[1], [[0, 0, 1, 1, 0.723341]]);
  });

  test('regions are calibrated with the same rule', () => {
    const card = aCard({ decoder: 'grid', top: 1 }, {}, { calibration: { slope: 1, offset: Math.log(3) } });
    const { score, regions } = readSight(card, [tensor([1, 2], 0.5, 0)], whole);
    assert.deepEqual([rounded(score), rounded(regions[0]?.score ?? 0)], [0.75, 0.75]);
  });
});

function refuses(output: object, tensors: readonly Tensor[], why: RegExp): void {
  assert.throws(
    () => readSight(aCard(output), tensors, whole),
    (error) => error instanceof BadOutput && why.test(error.message),
  );
}
