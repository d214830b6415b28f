// Where the bed lies in the picture: its four corners from the configuration, and the way from the picture to millimetres.
import type { Point } from './regions.ts';

/** Front left, front right, back right and back left corner of the bed in picture fractions, -1 to 2; a convex quadrilateral. */
export type BedCorners = readonly [Point, Point, Point, Point];

/** So far beyond the picture, in fractions of it, may a corner lie: cameras often see the bed in part. */
const maxBeyond = 1;

/** The bed in mm, by Klipper's coordinates: x to the right, y to the back, `minX < maxX`, `minY < maxY`. */
export interface Bed {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

/** Corners as read (null for an empty text), or what is wrong with them, as a sentence. */
export type ReadCorners =
  | { readonly corners: BedCorners | null; readonly problem?: never }
  | { readonly corners?: never; readonly problem: string };

/** Twice the area of a triangle of three corners below which they lie on one line, as good as. */
const flat = 1e-4;

/** Reads four points `x,y x,y x,y x,y` in picture fractions, each -1 to 2, in the order of `BedCorners`. */
export function readBedCorners(text: string): ReadCorners {
  const groups = text
    .replace(/\s*,\s*/g, ',')
    .split(/\s+/)
    .filter((group) => group !== '');
  if (groups.length === 0) return { corners: null };
  const points: Point[] = [];
  for (const group of groups) {
    if (!/^-?\d*\.?\d+,-?\d*\.?\d+$/.test(group))
      return { problem: `"${group.slice(0, 40)}" is no point x,y` };
    const [x = 0, y = 0] = group.split(',').map(Number);
    if ([x, y].some((each) => each < -maxBeyond || each > 1 + maxBeyond)) {
      return { problem: `${group} is far outside of the picture: fractions are neither pixels nor percent` };
    }
    points.push({ x, y });
  }
  const [a, b, c, d, ...more] = points;
  if (a === undefined || b === undefined || c === undefined || d === undefined || more.length > 0) {
    return { problem: `there are ${points.length} points, and a bed has four corners` };
  }
  const turns = [turn(a, b, c), turn(b, c, d), turn(c, d, a), turn(d, a, b)];
  if (turns.some((each) => Math.abs(each) < flat)) return { problem: 'three of the corners lie on one line' };
  if (turns.some((each) => each > 0 !== turn(a, b, c) > 0)) {
    return { problem: 'its edges cross or bend inwards: go round the bed, from corner to corner' };
  }
  return { corners: [a, b, c, d] };
}

/** Writes corners the way `readBedCorners` reads them. */
export function formatBedCorners(corners: BedCorners): string {
  return corners.map(({ x, y }) => `${x},${y}`).join(' ');
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
}

/**
 * The way from a point of the picture to the point of the bed that is seen there, in mm; null for what lies beyond
 * the bed's horizon. The plane of the bed is meant: what stands up from it is seen farther back than it is.
 * Projective mapping of a square to a quadrilateral and its adjoint (Heckbert, Fundamentals of Texture Mapping, 1989).
 */
export function bedMap([p0, p1, p2, p3]: BedCorners, bed: Bed): (point: Point) => Point | null {
  const [dx1, dy1] = [p1.x - p2.x, p1.y - p2.y];
  const [dx2, dy2] = [p3.x - p2.x, p3.y - p2.y];
  const [sx, sy] = [p0.x - p1.x + p2.x - p3.x, p0.y - p1.y + p2.y - p3.y];
  const scale = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / scale;
  const h = (dx1 * sy - sx * dy1) / scale;
  const [a, b, c] = [p1.x - p0.x + g * p1.x, p3.x - p0.x + h * p3.x, p0.x];
  const [d, e, f] = [p1.y - p0.y + g * p1.y, p3.y - p0.y + h * p3.y, p0.y];
  const whole = a * (e - f * h) - b * (d - f * g) + c * (d * h - e * g);
  return ({ x, y }) => {
    const w = ((d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d)) / whole;
    if (w <= 1e-9) return null;
    const u = ((e - f * h) * x + (c * h - b) * y + (b * f - c * e)) / whole / w;
    const v = ((f * g - d) * x + (a - c * g) * y + (c * d - a * f)) / whole / w;
    return { x: bed.minX + u * (bed.maxX - bed.minX), y: bed.minY + v * (bed.maxY - bed.minY) };
  };
}
