// Reads a model that answers with boxes, in the forms of YOLOv5, of YOLOv8 and of models with boxes and confidences apart.
import type { YoloOutput } from '../../core/model-card.ts';
import { type Fit, toPicture } from '../fit.ts';
import { activate } from './activation.ts';
import type { Marked } from './mark.ts';
import { type Candidate, suppress } from './nms.ts';
import { BadOutput, checkClass, shapeText, type Tensor } from './tensor.ts';

/**
 * `rows`: `[1,boxes,5+classes]`, middle and size in pixels of the input, then how likely anything is there (v5).
 * `columns`: `[1,4+classes,boxes]`, the same without that (v8). `apart`: `[1,boxes,4]` or `[1,boxes,1,4]` with corners in
 * fractions of the input, and `[1,boxes]` or `[1,boxes,classes]` with confidences.
 */
export interface YoloShape {
  readonly form: 'rows' | 'columns' | 'apart';
  readonly boxes: number;
  readonly classes: number;
}

/** Tells the form by the shapes, in the order of the outputs. Throws BadOutput. */
export function yoloShape(shapes: readonly (readonly number[])[]): YoloShape {
  const shape =
    shapes.length === 2
      ? apart(shapes[0] ?? [], shapes[1] ?? [])
      : shapes.length === 1
        ? together(shapes[0] ?? [])
        : null;
  if (shape === null)
    throw new BadOutput(`has the shape ${shapes.map(shapeText).join(' and ')}, which are no boxes`);
  return shape;
}

function together(shape: readonly number[]): YoloShape | null {
  const [batch, a = 0, b = 0] = shape;
  if (shape.length !== 3 || batch !== 1) return null;
  // There are always more boxes than numbers about each.
  if (a > b) return b < 6 ? null : { form: 'rows', boxes: a, classes: b - 5 };
  return a < 5 || a === b ? null : { form: 'columns', boxes: b, classes: a - 4 };
}

function apart(corners: readonly number[], confidences: readonly number[]): YoloShape | null {
  const [batch, boxes = 0, ...rest] = corners;
  const hasCorners = rest.at(-1) === 4 && (rest.length === 1 || (rest.length === 2 && rest[0] === 1));
  const [sameBatch, sameBoxes, classes = 1, ...more] = confidences;
  const fits =
    batch === 1 && sameBatch === 1 && sameBoxes === boxes && boxes > 0 && classes > 0 && more.length === 0;
  return hasCorners && fits ? { form: 'apart', boxes, classes } : null;
}

/**
 * The sum of the confidences of all boxes that count, at most 1, and those boxes, the best first. A box that lies beside the
 * picture, on the bars of a letterbox, does not count.
 * @throws BadOutput
 */
export function decodeYolo(
  output: YoloOutput,
  tensors: readonly Tensor[],
  fit: Fit,
): { readonly score: number; readonly regions: readonly Marked[] } {
  const shape = yoloShape(tensors.map((tensor) => tensor.shape));
  const [first, second] = tensors.map((tensor) => tensor.data);
  if (first === undefined) throw new BadOutput('is empty');
  checkClass(output.class, shape.classes);
  const read = { rows: readRows, columns: readColumns, apart: readApart }[shape.form](
    shape,
    first,
    second ?? first,
    fit,
  );
  const candidates: Candidate[] = [];
  for (let at = 0; at < shape.boxes; at += 1) {
    const score = read.confidence(at, output);
    if (score > output.threshold) candidates.push({ ...checked(read.corners(at), fit), score });
  }
  const regions = suppress(candidates, output.overlap).flatMap((box) => {
    const place = toPicture(fit, box);
    return place === null ? [] : [{ ...place, score: box.score }];
  });
  return {
    score: Math.min(
      regions.reduce((sum, { score }) => sum + score, 0),
      1,
    ),
    regions,
  };
}

type Corners = readonly [number, number, number, number];

/** How one box is read. Single numbers: there are thousands of boxes, and nearly none counts. */
interface Reader {
  readonly corners: (at: number) => Corners;
  /** 0..1. */
  readonly confidence: (at: number, output: YoloOutput) => number;
}

type MakeReader = (shape: YoloShape, first: Float32Array, second: Float32Array, fit: Fit) => Reader;

const readRows: MakeReader = ({ classes }, data) => {
  const step = classes + 5;
  const value = (at: number, index: number) => data[at * step + index] ?? Number.NaN;
  return {
    corners: (at) => cornersOf(value(at, 0), value(at, 1), value(at, 2), value(at, 3)),
    confidence: (at, output) =>
      activate(value(at, 4), output.activation) * activate(value(at, 5 + output.class), output.activation),
  };
};

const readColumns: MakeReader = ({ boxes }, data) => {
  const value = (at: number, row: number) => data[row * boxes + at] ?? Number.NaN;
  return {
    corners: (at) => cornersOf(value(at, 0), value(at, 1), value(at, 2), value(at, 3)),
    confidence: (at, output) => activate(value(at, 4 + output.class), output.activation),
  };
};

const readApart: MakeReader = ({ classes }, data, confidences, { input }) => {
  const value = (at: number, index: number) => data[at * 4 + index] ?? Number.NaN;
  const { width, height } = input;
  return {
    corners: (at) => [
      value(at, 0) * width,
      value(at, 1) * height,
      value(at, 2) * width,
      value(at, 3) * height,
    ],
    confidence: (at, output) =>
      activate(confidences[at * classes + output.class] ?? Number.NaN, output.activation),
  };
};

function cornersOf(x: number, y: number, width: number, height: number): Corners {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** A box that counts must be one: finite, not inside out, and not far outside of the input. Throws BadOutput. */
function checked([x1, y1, x2, y2]: Corners, { input }: Fit) {
  const text = `has a box from ${x1},${y1} to ${x2},${y2}`;
  // Boxes at the edge reach beyond it by up to their own size.
  const isNear =
    [x1, x2].every((x) => Math.abs(x) <= 3 * input.width) &&
    [y1, y2].every((y) => Math.abs(y) <= 3 * input.height);
  if (!isNear) throw new BadOutput(`${text}, far outside of its input`);
  if (x1 >= x2 || y1 >= y2) throw new BadOutput(`${text}, which has no area`);
  if (x2 <= 0 || y2 <= 0 || x1 >= input.width || y1 >= input.height)
    throw new BadOutput(`${text}, outside of its input`);
  return { x1, y1, x2, y2 };
}
