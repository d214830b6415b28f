// The models of the tests against real servers: one measure of colourfulness, told in every form that a decoder reads.
import { type OnnxConstant, type OnnxModel, type OnnxNode, onnxFile } from './onnx-file.ts';

/** Pixels on each side of the input. */
export const modelSide = 64;
/** Cells on each side; reference.py knows their size too. */
const cells = 4;
const count = cells * cells;
const cellSide = modelSide / cells;

const image = { name: 'images', type: 'FP32', shape: [1, 3, modelSide, modelSide] } as const;
const floats = (name: string, shape: readonly number[], ...values: number[]): OnnxConstant => ({
  name,
  shape,
  values: Float32Array.from(values),
});
const lengths = (name: string, ...values: number[]): OnnxConstant => ({
  name,
  shape: [values.length],
  values: BigInt64Array.from(values, BigInt),
});
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: NonNullable<OnnxNode['attributes']> = {},
): OnnxNode => ({ op, inputs, output, attributes });

/** From `images` (0..1, colours first) to `logits` and `scores`, `[1,1,4,4]`. */
const measure = [
  node('ReduceMax', ['images'], 'strongest', { axes: [1], keepdims: 1 }),
  node('ReduceMin', ['images'], 'weakest', { axes: [1], keepdims: 1 }),
  node('Sub', ['strongest', 'weakest'], 'colour'),
  node('AveragePool', ['colour'], 'cells', {
    kernel_shape: [cellSide, cellSide],
    strides: [cellSide, cellSide],
  }),
  node('Mul', ['cells', 'ten'], 'steep'),
  node('Add', ['steep', 'shift'], 'logits'),
  node('Sigmoid', ['logits'], 'scores'),
];
const constants = [floats('ten', [1], 10), floats('shift', [1], -2.5)];

/** The cells as boxes; `of` makes the four numbers of one. */
const boxes = (of: (x: number, y: number) => readonly number[]) =>
  Array.from({ length: count }, (_, at) => of(at % cells, Math.floor(at / cells)));

const grid: OnnxModel = {
  inputs: [image],
  outputs: [{ name: 'logits', type: 'FP32', shape: [1, 1, cells, cells] }],
  constants,
  nodes: measure,
};

/** Two classes, good and bad, before softmax. */
const score: OnnxModel = {
  inputs: [{ ...image, shape: [null, 3, null, null] }],
  outputs: [{ name: 'classes', type: 'FP32', shape: [null, 2] }],
  constants: [...constants, floats('nought', [1], 0)],
  nodes: [
    ...measure,
    node('GlobalMaxPool', ['logits'], 'highest'),
    node('Flatten', ['highest'], 'bad'),
    node('Mul', ['bad', 'nought'], 'good'),
    node('Concat', ['good', 'bad'], 'classes', { axis: 1 }),
  ],
};

/** As YOLOv8 answers: `[1,5,16]`, middle and size in pixels. */
const columns = boxes((x, y) => [(x + 0.5) * cellSide, (y + 0.5) * cellSide, cellSide, cellSide]);
const yolo: OnnxModel = {
  inputs: [image],
  outputs: [{ name: 'output0', type: 'FP32', shape: [1, 5, count] }],
  constants: [
    ...constants,
    floats('places', [1, 4, count], ...[0, 1, 2, 3].flatMap((row) => columns.map((box) => box[row] ?? 0))),
    lengths('row', 1, 1, count),
  ],
  nodes: [
    ...measure,
    node('Reshape', ['scores', 'row'], 'confidences'),
    node('Concat', ['places', 'confidences'], 'output0', { axis: 1 }),
  ],
};

/** Boxes and confidences apart, as Obico's model answers: corners in fractions. */
const apart: OnnxModel = {
  inputs: [image],
  outputs: [
    { name: 'boxes', type: 'FP32', shape: [1, count, 1, 4] },
    { name: 'confs', type: 'FP32', shape: [1, count, 1] },
  ],
  constants: [
    ...constants,
    floats(
      'corners',
      [1, count, 1, 4],
      ...boxes((x, y) => [x, y, x + 1, y + 1].map((each) => each / cells)).flat(),
    ),
    lengths('column', 1, count, 1),
  ],
  nodes: [...measure, node('Identity', ['corners'], 'boxes'), node('Reshape', ['scores', 'column'], 'confs')],
};

/** Bytes as they come, colours last. */
const bytes: OnnxModel = {
  inputs: [{ name: 'pixels', type: 'UINT8', shape: [1, modelSide, modelSide, 3] }],
  outputs: grid.outputs,
  constants: [...constants, floats('full', [1], 255)],
  nodes: [
    node('Cast', ['pixels'], 'values', { to: 1 }),
    node('Transpose', ['values'], 'planes', { perm: [0, 3, 1, 2] }),
    node('Div', ['planes', 'full'], 'images'),
    ...measure,
  ],
};

/** Nothing that a picture can be fed to. */
const odd: OnnxModel = {
  inputs: [{ name: 'features', type: 'FP32', shape: [1, 10] }],
  outputs: [{ name: 'same', type: 'FP32', shape: [1, 10] }],
  constants: [],
  nodes: [node('Identity', ['features'], 'same')],
};

/** The files by the names of the models. */
export const onnxModels: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({ grid, score, yolo, apart, bytes, odd }).map(([name, model]) => [name, onnxFile(model)]),
);
