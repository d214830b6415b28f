// Which models are fed and how, and what is said of those that cannot be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan, shapeFor } from '../../src/backends/open-inference-plan.ts';
import { BackendError } from '../../src/core/errors.ts';
import { aCard } from './decoders/cards.ts';

const image = { name: 'images', datatype: 'FP32', shape: [1, 3, 320, 320] };
const grid = { name: 'cells', datatype: 'FP32', shape: [1, 1, 20, 20] };
const score = { name: 'score', datatype: 'FP32', shape: [1, 1] };
const metadata = (inputs: object[] = [image], outputs: object[] = [grid]) => ({
  name: 'm',
  inputs: inputs.map((input) => ({ ...image, ...input })),
  outputs: outputs.map((output) => ({ ...grid, ...output })),
});
const gridCard = (input: object = {}, output: object = {}) => aCard({ decoder: 'grid', ...output }, input);

for (const [what, card, told, feed, outputs] of [
  [
    'a fixed picture',
    gridCard(),
    metadata(),
    { name: 'images', shape: [1, 3, 320, 320], datatype: 'FP32', size: { width: 320, height: 320 } },
    ['cells'],
  ],
  [
    'any batch, and a size from the card',
    gridCard({ width: 640, height: 480 }),
    metadata([{ shape: [-1, 3, -1, -1] }], [{ shape: [-1, 1, -1, -1] }]),
    { name: 'images', shape: [1, 3, 480, 640], datatype: 'FP32', size: { width: 640, height: 480 } },
    ['cells'],
  ],
  [
    'colours last, as bytes',
    gridCard({ layout: 'nhwc' }),
    metadata([{ shape: [1, 240, 320, 3], datatype: 'UINT8' }]),
    { name: 'images', shape: [1, 240, 320, 3], datatype: 'UINT8', size: { width: 320, height: 240 } },
    ['cells'],
  ],
  [
    'no batch',
    gridCard(),
    metadata([{ shape: [3, 320, 320] }]),
    { name: 'images', shape: [3, 320, 320], datatype: 'FP32', size: { width: 320, height: 320 } },
    ['cells'],
  ],
  [
    'one of two inputs',
    gridCard({ name: 'second' }),
    metadata([{ name: 'first', shape: [1] }, { name: 'second' }]),
    { name: 'second', shape: [1, 3, 320, 320], datatype: 'FP32', size: { width: 320, height: 320 } },
    ['cells'],
  ],
  [
    'one of two outputs',
    gridCard({}, { names: ['cells'] }),
    metadata([{}], [score, grid]),
    { name: 'images', shape: [1, 3, 320, 320], datatype: 'FP32', size: { width: 320, height: 320 } },
    ['cells'],
  ],
  [
    'a JPEG of any size',
    gridCard({ encoding: 'jpeg' }),
    metadata([{ datatype: 'BYTES', shape: [-1, 1] }]),
    { name: 'images', shape: [1, 1], datatype: 'BYTES', size: null },
    ['cells'],
  ],
  [
    'a JPEG no larger than is of use',
    gridCard({ encoding: 'jpeg', width: 640, height: 640 }),
    metadata([{ datatype: 'BYTES', shape: [1] }]),
    { name: 'images', shape: [1], datatype: 'BYTES', size: { width: 640, height: 640 } },
    ['cells'],
  ],
] as const) {
  test(`feeds ${what}`, () => {
    const plan = makePlan(card, told);
    assert.deepEqual(plan.feed, feed);
    assert.deepEqual(plan.outputs, outputs);
  });
}

for (const [what, card, told, message, hint] of [
  ['no inputs told', gridCard(), metadata([]), /no input.*there is none/, /have the server tell/],
  ['an input that is not there', gridCard({ name: 'x' }), metadata(), /no input x; there is images/, /card/],
  ['two inputs', gridCard(), metadata([{}, { name: 'mask' }]), /2 inputs: images, mask/, /name that input/],
  [
    'half precision',
    gridCard(),
    metadata([{ datatype: 'FP16' }]),
    /FP16 \[1,3,320,320\] as images: only FP32 and UINT8/,
    /Serve/,
  ],
  [
    'JPEGs that were not expected',
    gridCard(),
    metadata([{ datatype: 'BYTES', shape: [1] }]),
    /BYTES \[1\]/,
    /encoding: jpeg/,
  ],
  [
    'no JPEGs where they were',
    gridCard({ encoding: 'jpeg' }),
    metadata(),
    /FP32 \[1,3,320,320\].*no BYTES/,
    /Remove encoding/,
  ],
  [
    'JPEGs in pairs',
    gridCard({ encoding: 'jpeg' }),
    metadata([{ datatype: 'BYTES', shape: [2] }]),
    /BYTES \[2\].*not one picture/,
    /single/,
  ],
  [
    'a batch of eight',
    gridCard(),
    metadata([{ shape: [8, 3, 320, 320] }]),
    /\[8,3,320,320\].*no picture/,
    /one picture/,
  ],
  [
    'one colour',
    gridCard(),
    metadata([{ shape: [1, 1, 320, 320] }]),
    /\[1,1,320,320\].*no picture/,
    /three colours/,
  ],
  [
    'a list',
    gridCard(),
    metadata([{ shape: [1, 10] }]),
    /\[1,10\] as images, which is no picture in nchw/,
    /three colours/,
  ],
  [
    'a picture that need not be filled, for a model of one size',
    gridCard({ multiple: 32 }),
    metadata(),
    /takes FP32 \[1,3,320,320\] as images, and no other size/,
    /Remove multiple/,
  ],
  [
    'a size that is no multiple',
    gridCard({ width: 320, height: 300, multiple: 32 }),
    metadata([{ shape: [1, 3, -1, -1] }]),
    /fed 320 x 300 pixels, which are no multiples of 32/,
    /Correct width/,
  ],
  ['five dimensions', gridCard(), metadata([{ shape: [1, 1, 3, 320, 320] }]), /no picture/, /one picture/],
  [
    'colours last',
    gridCard(),
    metadata([{ shape: [1, 320, 320, 3] }]),
    /no picture in nchw/,
    /layout were nhwc/,
  ],
  ['colours first', gridCard({ layout: 'nhwc' }), metadata(), /no picture in nhwc/, /layout were nchw/],
  [
    'any size',
    gridCard(),
    metadata([{ shape: [1, 3, -1, -1] }]),
    /\[1,3,-1,-1\] as images, any width/,
    /Set width and height/,
  ],
  [
    'another size than the card',
    gridCard({ height: 416 }),
    metadata(),
    /the height is set to 416/,
    /Leave width/,
  ],
  [
    'a size past every host',
    gridCard(),
    metadata([{ shape: [1, 3, 4096, 4096] }]),
    /a width of 4096/,
    /16 to 1280/,
  ],
  ['a size of nothing', gridCard(), metadata([{ shape: [1, 3, 8, 8] }]), /a width of 8/, /16 to 1280/],
  ['no outputs told', gridCard(), metadata([{}], []), /0 outputs \(none\) where grid reads 1/, /Name/],
  [
    'an output that is not there',
    gridCard({}, { names: ['x'] }),
    metadata(),
    /no output x; there is cells/,
    /outputs/,
  ],
  [
    'too many outputs',
    gridCard(),
    metadata([{}], [grid, score]),
    /2 outputs \(cells, score\) where grid reads 1/,
    /Name/,
  ],
  [
    'an answer for another decoder',
    aCard({ decoder: 'score' }),
    metadata(),
    /answers with \[1,1,20,20\] as cells.*no list of scores/,
    /decoder/,
  ],
  ['boxes that are none', aCard({ decoder: 'yolo' }), metadata(), /no boxes/, /decoder/],
  [
    'a class that is not there',
    gridCard({}, { class: 1 }),
    metadata(),
    /1 classes, so there is no class 1/,
    /class/,
  ],
  [
    'more numbers than an answer may hold',
    aCard({ decoder: 'yolo' }),
    metadata([{}], [{ shape: [1, 84, 8400] }]),
    /\[1,84,8400\].*more than 262144 numbers/,
    /smaller/,
  ],
] as const) {
  test(`refuses ${what}, naming it`, () => {
    assert.throws(
      () => makePlan(card, told),
      (error) => {
        assert.ok(error instanceof BackendError, String(error));
        assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_MODEL', 'later']);
        assert.match(error.message, message);
        assert.match(error.hint, hint);
        return true;
      },
    );
  });
}

test('the tensor is as large as what is used of the input', () => {
  const any = metadata([{ shape: [-1, 3, -1, -1] }]);
  const card = gridCard({ width: 320, height: 320, multiple: 32 });
  assert.deepEqual(shapeFor(makePlan(card, any), { width: 320, height: 192 }), [1, 3, 192, 320]);
  const last = makePlan(
    gridCard({ width: 320, height: 320, layout: 'nhwc' }),
    metadata([{ shape: [-1, -1, 3] }]),
  );
  assert.deepEqual(shapeFor(last, { width: 320, height: 192 }), [192, 320, 3]);
  assert.equal(
    makePlan(card, any).summary,
    'FP32 up to [1,3,320,320] as images, answers with cells [1,1,20,20] (grid)',
  );
});

test('what a model takes is told in one line', () => {
  assert.equal(
    makePlan(gridCard(), metadata()).summary,
    'FP32 [1,3,320,320] as images, answers with cells [1,1,20,20] (grid)',
  );
});
