// Places in the picture: areas that the user has ruled out, boxes measured against them, and words for where a box lies.
import { type Assessment, type Cells, type Region, type Score, toScore } from './types.ts';

/** A point in picture fractions 0..1, origin top left, of the picture as it stands after rotation. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A polygon of three or more points; where it crosses itself the even-odd rule says what is inside. */
export type Area = readonly Point[];

/** A rectangle in picture fractions, `x1 < x2`, `y1 < y2`. */
export type Box = Pick<Region, 'x1' | 'y1' | 'x2' | 'y2'>;

const placeNames = {
  first: { first: 'upper left', second: 'top', third: 'upper right' },
  second: { first: 'left', second: 'centre', third: 'right' },
  third: { first: 'lower left', second: 'bottom', third: 'lower right' },
} as const;
type Third = keyof typeof placeNames;

/** Where a box lies, as a person says it. */
export type Place = (typeof placeNames)[Third][Third] | 'whole picture';

/** The rectangle as an area, whichever two opposite corners are given. */
export function rectangle(a: Point, b: Point): Area {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}

/** True for a point inside the area. A point on the edge is on either side. */
export function contains(area: Area, { x, y }: Point): boolean {
  let isInside = false;
  let before = area.at(-1);
  for (const corner of area) {
    if (before !== undefined && corner.y > y !== before.y > y) {
      const crossesAtX = before.x + ((y - before.y) / (corner.y - before.y)) * (corner.x - before.x);
      if (x < crossesAtX) isInside = !isInside;
    }
    before = corner;
  }
  return isInside;
}

/** Points measured along each side of a box. */
const samples = 24;

/** How much of the box lies in any of the areas, 0..1, to a few percent. */
export function shareInside(areas: readonly Area[], box: Box): number {
  if (areas.length === 0) return 0;
  let inside = 0;
  for (let row = 0; row < samples; row += 1) {
    const y = box.y1 + ((row + 0.5) / samples) * (box.y2 - box.y1);
    for (let column = 0; column < samples; column += 1) {
      const x = box.x1 + ((column + 0.5) / samples) * (box.x2 - box.x1);
      if (areas.some((area) => contains(area, { x, y }))) inside += 1;
    }
  }
  return inside / samples ** 2;
}

/** A box that lies in ignored areas by more than this is what the user meant. */
const mostly = 0.5;

/**
 * The assessment without what lies mostly in ignored areas: boxes there are dropped, and of the score the share of box
 * mass that is left remains. Of a grid the cells there count nothing, and the highest of the others make the score. A backend that decides for itself keeps its score and its suggestion: what it made of the
 * picture cannot be taken apart.
 */
export function withoutIgnored(assessment: Assessment, areas: readonly Area[]): Assessment {
  if (areas.length === 0) return assessment;
  const regions = assessment.regions.filter((region) => shareInside(areas, region) <= mostly);
  if (assessment.cells !== undefined) return withoutCells(assessment, assessment.cells, regions, areas);
  if (regions.length === assessment.regions.length) return assessment;
  if (assessment.suggests !== null) return { ...assessment, regions };
  const before = massOf(assessment.regions);
  const share = before === 0 ? 0 : massOf(regions) / before;
  return { ...assessment, regions, score: scaleScore(assessment, share) };
}

function withoutCells(
  assessment: Assessment,
  cells: Cells,
  regions: readonly Region[],
  areas: readonly Area[],
): Assessment {
  const { columns, rows } = cells;
  const scores = cells.scores.map((score, at) => {
    const middle = { x: ((at % columns) + 0.5) / columns, y: (Math.floor(at / columns) + 0.5) / rows };
    return areas.some((area) => contains(area, middle)) ? 0 : score;
  });
  const before = sumOfHighest(cells.scores, cells.top);
  const share = before === 0 ? 1 : sumOfHighest(scores, cells.top) / before;
  return { ...assessment, regions, cells: { ...cells, scores }, score: toScore(assessment.score * share) };
}

/** The sum of the `count` highest. */
export function sumOfHighest(scores: readonly number[], count: number): number {
  return scores
    .toSorted((a, b) => b - a)
    .slice(0, count)
    .reduce((sum, score) => sum + score, 0);
}

/**
 * A share of the score, by the places that it comes from. A score at its upper end may stand for boxes that sum up to
 * more than 1, so there the boxes themselves are counted.
 * @param share 0..1
 */
export function scaleScore({ score, regions, cells }: Assessment, share: number): Score {
  // The highest cells make a mean, which is never cut.
  const isCut = score === 1 && cells === undefined;
  const full = isCut ? Math.max(1, massOf(regions)) : score;
  return toScore(Math.min(1, full * share));
}

function massOf(regions: readonly Region[]): number {
  return regions.reduce((sum, { score }) => sum + score, 0);
}

/** A box that covers more of the picture than this is everywhere. */
const wholeArea = 0.6;

/** The third of the picture, across and down, that holds the middle of the box. */
export function placeOf({ x1, y1, x2, y2 }: Box): Place {
  if ((x2 - x1) * (y2 - y1) > wholeArea) return 'whole picture';
  return placeNames[thirdOf(y1, y2)][thirdOf(x1, x2)];
}

function thirdOf(from: number, to: number): Third {
  const middle = (from + to) / 2;
  if (middle < 1 / 3) return 'first';
  return middle < 2 / 3 ? 'second' : 'third';
}

/** Where the surest of the regions lies; null where the backend does not say. */
export function placeOfSurest(regions: readonly Region[]): Place | null {
  const [first, ...others] = regions;
  if (first === undefined) return null;
  return placeOf(others.reduce((best, region) => (region.score > best.score ? region : best), first));
}
