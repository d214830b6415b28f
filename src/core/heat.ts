// Where in the picture a frame scores: one coarse grid for grids of cells, boxes, and scores without a place.
import type { Box } from './regions.ts';
import type { Assessment } from './types.ts';

/**
 * Scores 0..1 by place: `"17"` is cell 17 of a grid of `heatColumns` by `heatRows` over the picture, counted row by row;
 * `all` is the picture as a whole, for what has no place in it. A place that is not there is 0. JSON.
 */
export type Heat = Readonly<Record<string, number>>;

/** The grid: fine enough to tell a bed clip from the part beside it, coarse enough to stay the same over prints. */
export const heatColumns = 16;
export const heatRows = 12;

/** One thing that a backend saw. */
export interface Mark {
  /** null: it has no place in the picture. */
  readonly box: Box | null;
  readonly score: number;
}

/** What the assessment is made of: the cells of its grid, its boxes, or the picture as a whole. Nothing of score 0. */
export function marksOf({ cells, regions, score }: Assessment): Mark[] {
  if (cells !== undefined) {
    const { columns, rows } = cells;
    return cells.scores.flatMap((each, at) => {
      if (each <= 0) return [];
      const [x, y] = [at % columns, Math.floor(at / columns)];
      const box = { x1: x / columns, y1: y / rows, x2: (x + 1) / columns, y2: (y + 1) / rows };
      return [{ box, score: each }];
    });
  }
  if (regions.length > 0) return regions.map((region) => ({ box: region, score: region.score }));
  return score > 0 ? [{ box: null, score }] : [];
}

/** A box heats every cell of which it covers this share, of the smaller of the two: boxes shake. */
const touched = 0.05;
/** It is measured by the cells of which it covers this much: a new cell that it only grazes says nothing new. */
const covered = 0.25;

/** The highest score of each place; a box heats every cell that it touches. */
export function heatOf(marks: readonly Mark[]): Heat {
  const heat: Record<string, number> = {};
  const raise = (place: string, score: number) => {
    heat[place] = Math.max(heat[place] ?? 0, score);
  };
  for (const { box, score } of marks) {
    if (box === null) raise('all', score);
    else for (const { place, share } of overlaps(box)) if (share >= touched) raise(place, score);
  }
  return heat;
}

/** The mean heat under a mark, weighed by how much of it lies in each cell that it covers. */
export function heatUnder(heat: Heat, { box }: Mark): number {
  if (box === null) return heat['all'] ?? 0;
  let sum = 0;
  let area = 0;
  for (const overlap of overlaps(box).filter(({ share }) => share >= covered)) {
    sum += (heat[overlap.place] ?? 0) * overlap.area;
    area += overlap.area;
  }
  return area === 0 ? 0 : sum / area;
}

/** The higher of the two, place by place. */
export function hottest(a: Heat, b: Heat): Heat {
  const hotter = Object.entries(b).filter(([place, score]) => score > (a[place] ?? 0));
  return hotter.length === 0 ? a : { ...a, ...Object.fromEntries(hotter) };
}

/** A score as far as it is above what is known of its place: 0 at or below that, 1 for a certain failure. */
export function above(score: number, known: number): number {
  return Math.max(0, (score - known) / (1 - known));
}

interface Overlap {
  readonly place: string;
  /** In cells. */
  readonly area: number;
  /** Of the smaller of cell and box, 0..1. */
  readonly share: number;
}

function overlaps(box: Box): Overlap[] {
  const [left, right] = [box.x1 * heatColumns, box.x2 * heatColumns];
  const [top, bottom] = [box.y1 * heatRows, box.y2 * heatRows];
  const smaller = Math.min(1, (right - left) * (bottom - top));
  const found: Overlap[] = [];
  for (let y = Math.floor(top); y < Math.min(bottom, heatRows); y += 1) {
    for (let x = Math.floor(left); x < Math.min(right, heatColumns); x += 1) {
      const area =
        (Math.min(right, x + 1) - Math.max(left, x)) * (Math.min(bottom, y + 1) - Math.max(top, y));
      found.push({ place: String(y * heatColumns + x), area, share: area / smaller });
    }
  }
  return found;
}
