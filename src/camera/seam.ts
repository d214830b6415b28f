// Finds where a picture's data broke: from some block on, everything below has another brightness or colour.
import type { SmallPicture } from './small-picture.ts';

/** The break. Both in blocks: it goes along the top of `row`, and left of `column` one strip further down. */
export interface Seam {
  readonly row: number;
  readonly column: number;
}

/** A step counts from here on, by plane: brightness, then colours. */
const minStep = [14, 8, 8] as const;
/** And when it is so many times what changes between the rows around it. */
const sharpness = 2.5;
/** So much of the width steps in a seam that needs no other sign. */
const surelyAcross = 0.9;
/** So much in one whose stairs are plain and whose picture goes on below. */
const acrossWithSigns = 0.7;
const plainStairs = 0.1;
const goesOn = 0.3;

/**
 * Each block's mean is written as the difference to the block before. When data is lost on the way, all blocks from there on are
 * off by the same amount, although every decoder is content: half green, pink, or washed out. The border follows the blocks: a
 * perfect step along a whole row, one strip lower on the left of where it began. Nothing in front of a camera looks like this;
 * a straight edge, however sharp and level, has no stairs.
 * @returns null where there is none. A break at the very left of a row makes no stairs and is not found.
 */
export function findSeam(picture: SmallPicture): Seam | null {
  const { height, stripHeight } = picture;
  for (const [index, plane] of picture.planes.entries()) {
    // Colours may be stored at half the height, where two rows are always alike.
    const reach = index === 0 ? 1 : stripHeight;
    for (const sign of [1, -1]) {
      const along = (row: number) =>
        stepsAlong(picture, { plane, sign, reach, minStep: minStep[index] ?? 8 }, row);
      let right = along(stripHeight);
      for (let row = stripHeight; row < height - stripHeight; row += stripHeight) {
        const left = along(row + stripHeight);
        const column = stairsAt(picture, row, right, left, index === 0);
        if (column !== null) return { row, column };
        right = left;
      }
    }
  }
  return null;
}

/**
 * The column where a seam along the top of `row` began; null where there is no seam.
 * @param right the steps along that row, `left` one strip further down
 */
function stairsAt(
  picture: SmallPicture,
  row: number,
  right: Uint8Array,
  left: Uint8Array,
  isBrightness: boolean,
): number | null {
  const { width } = picture;
  let [hits, hitsLeft] = [0, 0];
  for (let column = 0; column < width; column += 1) {
    hits += right[column] ?? 0;
    hitsLeft += left[column] ?? 0;
  }
  const straight = Math.max(hits, hitsLeft);
  let best = hits;
  let bestColumn = 0;
  for (let column = 0; column < width; column += 1) {
    hits += (left[column] ?? 0) - (right[column] ?? 0);
    if (hits <= best) continue;
    best = hits;
    bestColumn = column + 1;
  }
  const stairs = best - straight;
  if (stairs < 3 || stairs < 0.015 * width) return null;
  if (best >= surelyAcross * width) return bestColumn;
  // Colours are stored in blocks of twice the size, too few for finer signs.
  const isPlain = isBrightness && best >= acrossWithSigns * width && stairs >= plainStairs * width;
  return isPlain && likeness(picture, row, bestColumn) >= goesOn ? bestColumn : null;
}

/** Steps of one kind. */
interface Steps {
  readonly plane: Float32Array;
  /** 1: below is more. */
  readonly sign: number;
  readonly minStep: number;
  /** Rows to the next ones that may differ. */
  readonly reach: number;
}

/** 1 for each column where brightness or colour steps into this row. */
function stepsAlong({ width, height }: SmallPicture, steps: Steps, row: number): Uint8Array {
  const { plane, sign, reach } = steps;
  const hits = new Uint8Array(width);
  if (row + reach >= height) return hits;
  const here = row * width;
  const above = here - width;
  const further = Math.max(row - 1 - reach, 0) * width;
  const below = here + reach * width;
  for (let x = 0; x < width; x += 1) {
    const before = plane[above + x] ?? 0;
    const after = plane[here + x] ?? 0;
    const step = (after - before) * sign;
    if (step < steps.minStep) continue;
    const around = Math.abs(before - (plane[further + x] ?? 0)) + Math.abs((plane[below + x] ?? 0) - after);
    if (step >= (sharpness * around) / 2) hits[x] = 1;
  }
  return hits;
}

/** Middle grey: what a decoder puts where it has no data. */
const emptyWithin = 1.5;

/** 0..1 of the rows that are middle grey all along at the bottom: what is left of a picture that was cut off and stored again. */
export function emptyShare({ width, height, planes }: SmallPicture): number {
  const isEmpty = (value: number) => Math.abs(value) <= emptyWithin;
  let row = height;
  while (row > 0 && planes.every((plane) => plane.subarray((row - 1) * width, row * width).every(isEmpty)))
    row -= 1;
  return (height - row) / height;
}

/** How alike the brightness is on both sides of the seam apart from the step, -1..1. */
function likeness({ width, stripHeight, planes }: SmallPicture, row: number, column: number): number {
  const brightness = planes[0] ?? new Float32Array();
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let x = 0; x < width; x += 1) {
    const y = x < column ? row + stripHeight : row;
    const a = brightness[(y - 1) * width + x] ?? 0;
    const b = brightness[y * width + x] ?? 0;
    sumA += a;
    sumB += b;
    squaresA += a * a;
    squaresB += b * b;
    products += a * b;
  }
  const spread = (squaresA - sumA ** 2 / width) * (squaresB - sumB ** 2 / width);
  return (products - (sumA * sumB) / width) / Math.sqrt(Math.max(spread, 1));
}
