// The objects of a print, and which of them a failure lies in.
import { type Bed, type BedCorners, bedMap } from './bed.ts';
import { contains, type Point } from './regions.ts';
import type { Region } from './types.ts';

/** One object of the print, as the slicer has defined it. */
export interface BedObject {
  /** Klipper's own spelling, upper case. */
  readonly name: string;
  /** Its outline in mm; empty where the file does not tell. */
  readonly polygon: readonly Point[];
}

/** The objects of the print that runs (Klipper's `exclude_object`), at most 1,000. */
export interface BedObjects {
  readonly bed: Bed;
  readonly objects: readonly BedObject[];
  /** Names of those that are left out already. */
  readonly excluded: readonly string[];
}

/** Points measured across a box. */
const samples = 24;
/** So much of what lies in any object must lie in the one, and so much of what is seen in any object at all. */
const clearShare = 0.8;
const seenShare = 0.05;

/** True for a name that can stand in a G-code line without quotes and cannot become anything else there. */
export function isObjectName(name: string): boolean {
  return /^[\p{L}\p{N}_.()+-]{1,128}$/u.test(name);
}

/** True for an object that is in the list, is not left out yet, and is not the last one. */
export function canSkip({ objects, excluded }: BedObjects, name: string): boolean {
  const left = objects.filter((object) => !excluded.includes(object.name));
  return isObjectName(name) && left.length > 1 && left.some((object) => object.name === name);
}

/**
 * The one object that these regions lie in and that can be skipped; null where there is none, or any doubt. The middle of
 * a box counts most: its corners seldom belong to what it was drawn around. With an object whose outline is not told
 * nothing is certain.
 */
export function failingObject(
  regions: readonly Region[],
  corners: BedCorners,
  found: BedObjects,
): string | null {
  const { bed, objects } = found;
  if (objects.some(({ polygon }) => polygon.length < 3)) return null;
  const toBed = bedMap(corners, bed);
  const masses = new Map<string, number>();
  let seen = 0;
  for (const { at, mass } of regions.flatMap(pointsOf)) {
    seen += mass;
    const onBed = toBed(at);
    if (onBed === null) continue;
    for (const { name, polygon } of objects) {
      if (contains(polygon, onBed)) masses.set(name, (masses.get(name) ?? 0) + mass);
    }
  }
  const [surest] = [...masses].sort(([, a], [, b]) => b - a);
  if (surest === undefined) return null;
  const [name, mass] = surest;
  const inObjects = [...masses.values()].reduce((sum, each) => sum + each, 0);
  const isClear = mass >= clearShare * inObjects && mass >= seenShare * seen && mass > 0;
  return isClear && canSkip(found, name) ? name : null;
}

/** Points of a box, each with what it weighs. */
function pointsOf({ x1, y1, x2, y2, score }: Region): { readonly at: Point; readonly mass: number }[] {
  const steps = Array.from({ length: samples }, (_, at) => (at + 0.5) / samples);
  const weight = (share: number) => 1 - Math.abs(2 * share - 1);
  return steps.flatMap((down) =>
    steps.map((across) => ({
      at: { x: x1 + across * (x2 - x1), y: y1 + down * (y2 - y1) },
      mass: score * weight(across) * weight(down),
    })),
  );
}
