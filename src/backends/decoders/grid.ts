// Reads a model that answers with a score for each cell of a grid: where on the picture it sees a failure, and how sure it is.
import type { CardInput, GridOutput } from '../../core/model-card.ts';
import type { Cells } from '../../core/types.ts';
import { type Box, type Fit, toPicture } from '../fit.ts';
import { scoreOfClass } from './activation.ts';
import { clusters } from './clusters.ts';
import type { Marked } from './mark.ts';
import { BadOutput, onlyTensor, shapeText, type Tensor } from './tensor.ts';

/** Cells on a side; more would be no grid but a picture. */
const maxCells = 256;

/** The grid within a tensor: where the class of a cell is found is `start + cell · cellStep + class · classStep`. */
export interface GridShape {
  readonly classes: number;
  readonly rows: number;
  readonly columns: number;
  readonly isClassFirst: boolean;
}

/**
 * Reads `[rows,columns]`, `[1,rows,columns]`, `[1,classes,rows,columns]` or `[1,rows,columns,classes]`. With one class the
 * place of the 1 tells which of the last two it is; with several the input's own layout does. Throws BadOutput.
 */
export function gridShape(shape: readonly number[], layout: CardInput['layout']): GridShape {
  const [batch, a = 0, b = 0, c = 0] = shape.length === 4 ? shape : [shape[0], 1, ...shape.slice(-2)];
  const isClassFirst = a === 1 && c === 1 ? layout === 'nchw' : a === 1 || (c !== 1 && layout === 'nchw');
  const [classes, rows, columns] = isClassFirst ? [a, b, c] : [c, a, b];
  const isGrid = shape.length === 2 || ((shape.length === 3 || shape.length === 4) && batch === 1);
  if (!isGrid || Math.min(classes, rows, columns) < 1 || Math.max(rows, columns) > maxCells)
    throw new BadOutput(`has the shape ${shapeText(shape)}, which is no grid of cells`);
  return { classes, rows, columns, isClassFirst };
}

/**
 * The mean of the highest cells, the groups of cells above the threshold, and the cells themselves. Cells whose middle lies beside the picture,
 * on the bars of a letterbox, do not count.
 * @param turned what the model says of the picture upside down: each cell takes the mean of both scores
 * @throws BadOutput
 */
export function decodeGrid(
  output: GridOutput,
  layout: CardInput['layout'],
  tensors: readonly Tensor[],
  fit: Fit,
  turned: readonly Tensor[] | null = null,
): { readonly score: number; readonly regions: readonly Marked[]; readonly cells: Cells | null } {
  const tensor = onlyTensor(tensors);
  const grid = gridShape(tensor.shape, layout);
  const { rows, columns } = grid;
  const said = cellScores(output, grid, tensor);
  if (turned !== null) {
    const other = onlyTensor(turned);
    if (shapeText(other.shape) !== shapeText(tensor.shape))
      throw new BadOutput(
        `has the shape ${shapeText(other.shape)} once and ${shapeText(tensor.shape)} before`,
      );
    meetHalfway(said, cellScores(output, grid, other));
  }
  const cell = { width: fit.input.width / columns, height: fit.input.height / rows };
  const boxOf = (x1: number, y1: number, x2: number, y2: number): Box => ({
    x1: x1 * cell.width,
    y1: y1 * cell.height,
    x2: x2 * cell.width,
    y2: y2 * cell.height,
  });
  const scores = new Float64Array(rows * columns);
  const counted: number[] = [];
  for (const [at, score] of said.entries()) {
    const [x, y] = [(at % columns) + 0.5, Math.floor(at / columns) + 0.5];
    if (toPicture(fit, boxOf(x - 0.01, y - 0.01, x + 0.01, y + 0.01)) === null) continue;
    scores[at] = score;
    counted.push(score);
  }
  if (counted.length === 0) throw new BadOutput('has no cell that lies on the picture');
  const highest = counted.sort((a, b) => b - a).slice(0, output.top);
  const regions = clusters(scores, columns, output.threshold).flatMap(({ x1, y1, x2, y2, score }) => {
    const place = toPicture(fit, boxOf(x1, y1, x2 + 1, y2 + 1));
    return place === null ? [] : [{ ...place, score }];
  });
  return {
    score: highest.reduce((sum, score) => sum + score, 0) / highest.length,
    regions,
    cells: onPicture(scores, grid, output.top, fit),
  };
}

/** The score of each cell, rows from the top. Throws BadOutput. */
function cellScores(output: GridOutput, grid: GridShape, { data }: Tensor): Float64Array {
  const scores = new Float64Array(grid.rows * grid.columns);
  for (let at = 0; at < scores.length; at += 1)
    scores[at] = scoreOfClass(classesAt(data, at, grid), output.class, output.activation);
  return scores;
}

/** Makes each score the mean with that of the same place in the picture upside down, whose first cell is the last. */
function meetHalfway(scores: Float64Array, turned: Float64Array): void {
  for (let at = 0; at < scores.length; at += 1)
    scores[at] = ((scores[at] ?? 0) + (turned[scores.length - 1 - at] ?? 0)) / 2;
}

/** More cells than this are not handed on: what is learned of a scene is far coarser. */
const maxHandedOn = 4_096;

/** The grid as it lies on the picture, without the bars of a letterbox; null for more cells than are handed on. */
function onPicture(scores: Float64Array, grid: GridShape, top: number, fit: Fit): Cells | null {
  const { input, left, top: above, picture } = fit;
  const columns = Math.max(1, Math.round((grid.columns * picture.width) / input.width));
  const rows = Math.max(1, Math.round((grid.rows * picture.height) / input.height));
  if (columns * rows > maxHandedOn) return null;
  const handedOn = Array.from({ length: columns * rows }, (_, at) => {
    const x = left + (((at % columns) + 0.5) / columns) * picture.width;
    const y = above + ((Math.floor(at / columns) + 0.5) / rows) * picture.height;
    const column = Math.floor((x / input.width) * grid.columns);
    const row = Math.floor((y / input.height) * grid.rows);
    return scores[row * grid.columns + column] ?? 0;
  });
  return { columns, rows, scores: handedOn, top };
}

function classesAt(
  data: Float32Array,
  at: number,
  { classes, rows, columns, isClassFirst }: GridShape,
): Float32Array {
  if (classes === 1) return data.subarray(at, at + 1);
  if (!isClassFirst) return data.subarray(at * classes, (at + 1) * classes);
  return Float32Array.from(
    { length: classes },
    (_, index) => data[index * rows * columns + at] ?? Number.NaN,
  );
}
