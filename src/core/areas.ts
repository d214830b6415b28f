// Ignored areas as text in the configuration: read with every mistake named, and written back the same way.
import { type Area, type Point, rectangle, shareInside } from './regions.ts';

/** Limits of what can be ignored. */
export const areaLimits = { areas: 16, points: 32 } as const;

/** Areas as read, or one sentence for each line that is none. */
export type ReadAreas =
  | { readonly areas: readonly Area[]; readonly problems?: never }
  | { readonly areas?: never; readonly problems: readonly string[] };

/** More of the picture than this cannot be ignored: nothing would be left to judge. */
const maxIgnored = 0.95;

/**
 * Reads one area a line: a rectangle `x1,y1,x2,y2` or a polygon `x1,y1 x2,y2 x3,y3 …`, all in picture fractions 0..1.
 * An empty text is no area.
 */
export function readAreas(text: string): ReadAreas {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length > areaLimits.areas) {
    return { problems: [`there are ${lines.length} areas, and ${areaLimits.areas} is the most`] };
  }
  const problems: string[] = [];
  const areas = lines.flatMap((line) => {
    const area = readArea(line);
    if (typeof area !== 'string') return [area];
    problems.push(`"${line.length > 40 ? `${line.slice(0, 40)}…` : line}" ${area}`);
    return [];
  });
  if (problems.length > 0) return { problems };
  if (shareInside(areas, { x1: 0, y1: 0, x2: 1, y2: 1 }) > maxIgnored) {
    return { problems: ['they cover the whole picture, and nothing would be left to judge'] };
  }
  return { areas };
}

/** The area, or what is wrong with the line, as the end of a sentence. */
function readArea(line: string): Area | string {
  const groups = line
    .replace(/\s*,\s*/g, ',')
    .split(/\s+/)
    .map((group) => group.split(','));
  const numbers = groups.flat();
  const strange = numbers.find((text) => !/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text));
  if (strange !== undefined) return `holds "${strange}", which is no number`;
  if (numbers.some((text) => !(Number(text) >= 0 && Number(text) <= 1))) {
    return 'reaches outside of the picture: fractions go from 0 to 1, they are neither pixels nor percent';
  }
  const [only] = groups;
  if (groups.length === 1 && only?.length === 4) return readRectangle(only.map(Number));
  return readPolygon(groups.map((group) => group.map(Number)));
}

function readRectangle([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]): Area | string {
  if (x1 === x2 || y1 === y2) return 'has no width or no height';
  return rectangle({ x: x1, y: y1 }, { x: x2, y: y2 });
}

function readPolygon(groups: readonly (readonly number[])[]): Area | string {
  const points: Point[] = [];
  for (const [x, y, ...more] of groups) {
    if (x === undefined || y === undefined || more.length > 0) {
      return 'is neither x1,y1,x2,y2 nor points x,y with spaces between them';
    }
    points.push({ x, y });
  }
  if (points.length < 3) {
    const count = points.length === 1 ? 'one point' : 'two points';
    return `has ${count}, and a polygon needs three; a rectangle is written x1,y1,x2,y2 without a space`;
  }
  if (points.length > areaLimits.points) return `has more than ${areaLimits.points} points`;
  return isFlat(points) ? 'has no area' : points;
}

/** True where all points lie on one line, or as good as: their spread across it is nil. */
export function isFlat(points: Area): boolean {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [middleX, middleY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const across = mean(({ x }) => (x - middleX) ** 2) * mean(({ y }) => (y - middleY) ** 2);
  return across - mean(({ x, y }) => (x - middleX) * (y - middleY)) ** 2 < 1e-14;
}

/** Writes areas the way `readAreas` reads them, one a line, to the tenth of a thousandth. */
export function formatAreas(areas: readonly Area[]): string {
  return areas.map(formatArea).join('\n');
}

function formatArea(area: Area): string {
  const [a, , c] = area;
  if (area.length === 4 && a !== undefined && c !== undefined && isSame(area, rectangle(a, c))) {
    return [a.x, a.y, c.x, c.y].map(round).join(',');
  }
  return area.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ');
}

function isSame(area: Area, other: Area): boolean {
  return area.every(({ x, y }, index) => x === other[index]?.x && y === other[index]?.y);
}

function round(fraction: number): number {
  return Math.round(fraction * 10_000) / 10_000;
}
