// A coarse picture of what the camera looks at, and whether two of them show the same view, whatever the light and the print do.

/** Cells across and down, for any shape of picture. */
export const gridColumns = 32;
export const gridRows = 24;

/**
 * The brightness of a picture in 32 × 24 cells, row by row from the upper left of the picture as the user sees it: one character a
 * cell, 0 to 63 in base64's alphabet, stretched so that the darkest cell is 0 and the brightest 63.
 */
export type SceneGrid = string;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const levels = alphabet.length;
const cells = gridColumns * gridRows;

/** True for a text that is a grid. */
export function isSceneGrid(text: string): boolean {
  return text.length === cells && /^[\w+/]*$/.test(text) && !text.includes('_');
}

/** A grid of the brightness of each cell, 0..255. Throws a RangeError for any other number of cells. */
export function toSceneGrid(brightness: readonly number[]): SceneGrid {
  if (brightness.length !== cells)
    throw new RangeError(`a grid has ${cells} cells, not ${brightness.length}`);
  // Square roots: what differs by the same factor of light looks about as different in the dark as in the light.
  const roots = brightness.map(Math.sqrt);
  const darkest = Math.min(...roots);
  const range = Math.max(Math.max(...roots) - darkest, 1e-6);
  return roots.map((root) => alphabet[Math.round(((root - darkest) / range) * (levels - 1))]).join('');
}

/** Blocks of so many cells a side are compared, each by its own pattern: light that changes leaves most patterns as they are. */
const blockSide = 4;
/** A block whose cells differ less than this, in levels, has no pattern. */
const minDeviation = 1.6;
/** With fewer blocks that have a pattern nothing can be said. */
const minBlocks = 5;
/** Cells by which a picture may have been shifted. */
const maxShift = 5;
/** Patterns that agree less than this on the whole are of another view. */
const otherView = 0.3;
/** From here on a shifted picture is taken for the same scene. */
const wellAligned = 0.5;
/** A shifted picture that agrees so much better than the unshifted one is the same scene from another angle. */
const betterBy = 0.15;
/** So well do pictures of one view agree that no shift can be better. */
const surelySame = 0.85;

/**
 * Whether the camera still looks at the same thing from the same place. Lamps, the growing part, the moving head and a hand
 * in the picture do not matter as long as they leave a fifth of it alone; a shift of more than about 3 % of the picture's width,
 * a turn, and another scene do. Pictures with hardly any pattern count as the same. Texts that are no grid do, too.
 */
export function isSameView(before: SceneGrid, now: SceneGrid): boolean {
  if (!isSceneGrid(before) || !isSceneGrid(now)) return true;
  const a = levelsOf(before);
  const b = levelsOf(now);
  const unshifted = agreement(a, b, whole, 0, 0);
  if (unshifted === null || unshifted >= surelySame) return true;
  return (
    unshifted >= otherView &&
    !isShifted(a, b, whole) &&
    quarters.filter((part) => isShifted(a, b, part)).length < 3
  );
}

/** A part of the grid, in cells; whole blocks. */
interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const whole: Part = { left: 0, top: 0, right: gridColumns, bottom: gridRows };
const [middleX, middleY] = [gridColumns / 2, gridRows / 2];
/** A turn and a zoom shift each quarter another way. */
const quarters: readonly Part[] = [
  { ...whole, right: middleX, bottom: middleY },
  { ...whole, left: middleX, bottom: middleY },
  { ...whole, right: middleX, top: middleY },
  { ...whole, left: middleX, top: middleY },
];

/** True where some shift agrees clearly better than none. */
function isShifted(a: Uint8Array, b: Uint8Array, part: Part): boolean {
  const unshifted = agreement(a, b, part, 0, 0) ?? 1;
  if (unshifted >= surelySame) return false;
  const enough = Math.max(unshifted + betterBy, wellAligned);
  for (let dy = -maxShift; dy <= maxShift; dy += 1) {
    for (let dx = -maxShift; dx <= maxShift; dx += 1) {
      if ((agreement(a, b, part, dx, dy) ?? 0) >= enough) return true;
    }
  }
  return false;
}

function levelsOf(grid: SceneGrid): Uint8Array {
  return Uint8Array.from(grid, (character) => alphabet.indexOf(character));
}

/** Mean correlation of the blocks of a part, 0..1, where `b` is read `dx, dy` cells further on; null where too few have a pattern. */
function agreement(a: Uint8Array, b: Uint8Array, part: Part, dx: number, dy: number): number | null {
  let blocks = 0;
  let sum = 0;
  for (let top = part.top; top < part.bottom; top += blockSide) {
    if (top + dy < 0 || top + dy + blockSide > gridRows) continue;
    for (let left = part.left; left < part.right; left += blockSide) {
      if (left + dx < 0 || left + dx + blockSide > gridColumns) continue;
      const at = top * gridColumns + left;
      const alike = correlation(a, at, b, at + dy * gridColumns + dx);
      if (alike === null) continue;
      blocks += 1;
      sum += Math.max(alike, 0);
    }
  }
  return blocks < minBlocks ? null : sum / blocks;
}

/** Of two blocks by their upper left cells, -1..1; null where the first has no pattern. */
function correlation(a: Uint8Array, fromA: number, b: Uint8Array, fromB: number): number | null {
  const count = blockSide * blockSide;
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let row = 0; row < blockSide; row += 1) {
    for (let column = 0; column < blockSide; column += 1) {
      const offset = row * gridColumns + column;
      const valueA = a[fromA + offset] ?? 0;
      const valueB = b[fromB + offset] ?? 0;
      sumA += valueA;
      sumB += valueB;
      squaresA += valueA * valueA;
      squaresB += valueB * valueB;
      products += valueA * valueB;
    }
  }
  const spreadA = squaresA - sumA ** 2 / count;
  if (spreadA < count * minDeviation ** 2) return null;
  const spreadB = squaresB - sumB ** 2 / count;
  return (products - (sumA * sumB) / count) / Math.sqrt(spreadA * Math.max(spreadB, 1));
}
