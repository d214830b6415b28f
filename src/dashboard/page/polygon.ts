// A polygon that is being drawn, corner by corner, with a cross that follows the pointer or the arrow keys.
import { areaLimits, isFlat } from '../../core/areas.ts';
import type { Area, Point } from '../../core/regions.ts';

/** What has been drawn of it so far. */
export interface Draft {
  readonly corners: readonly Point[];
  /** Where the next corner would be. */
  readonly cross: Point;
}

/** What a corner or the end of the drawing comes to. `why` is a sentence. */
export type Drawn =
  | { readonly kind: 'going-on'; readonly draft: Draft }
  | { readonly kind: 'closed'; readonly area: Area }
  | { readonly kind: 'refused'; readonly why: string };

/** Nothing drawn yet, the cross in the middle. */
export const emptyDraft: Draft = { corners: [], cross: { x: 0.5, y: 0.5 } };

/** How far an arrow key moves the cross, and with Shift. */
const steps = { coarse: 0.02, fine: 0.005 } as const;
/** As near as this, in each direction, is the first corner meant. */
const closeTo = 0.02;
/** Nobody wants two corners as near as this: it is a double click, or Enter pressed twice. */
const sameSpot = 0.004;

/** Puts a corner there. On the first corner, or twice on the last, it closes the polygon. */
export function placeCorner({ corners, cross }: Draft, at: Point): Drawn {
  const [first, last] = [corners[0], corners.at(-1)];
  const isClosing = corners.length > 2 && first !== undefined && isNear(at, first, closeTo);
  if (isClosing) return closePolygon({ corners, cross });
  if (last !== undefined && isNear(at, last, sameSpot)) {
    return corners.length > 2
      ? closePolygon({ corners, cross })
      : { kind: 'going-on', draft: { corners, cross } };
  }
  if (corners.length >= areaLimits.points) {
    return { kind: 'refused', why: `${areaLimits.points} corners are the most.` };
  }
  return { kind: 'going-on', draft: { corners: [...corners, at], cross: at } };
}

/** The polygon of the corners so far. */
export function closePolygon({ corners }: Draft): Drawn {
  if (corners.length < 3) return { kind: 'refused', why: 'A polygon needs three corners.' };
  return isFlat(corners)
    ? { kind: 'refused', why: 'These corners lie on one line.' }
    : { kind: 'closed', area: corners };
}

/** Without its last corner, where the cross is then. */
export function undoCorner({ corners, cross }: Draft): Draft {
  return { corners: corners.slice(0, -1), cross: corners.at(-1) ?? cross };
}

/** The cross moved by an arrow key, finely with Shift; null for any other key. */
export function moveCross(draft: Draft, key: string, isFine: boolean): Draft | null {
  const by = isFine ? steps.fine : steps.coarse;
  const [dx, dy] =
    { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key] ?? [];
  if (dx === undefined || dy === undefined) return null;
  return { ...draft, cross: { x: within(draft.cross.x + dx), y: within(draft.cross.y + dy) } };
}

/** `2 corners. Next at 40 % from the left, 55 % from the top.` */
export function sayDraft({ corners, cross }: Draft): string {
  const count = corners.length === 1 ? '1 corner' : `${corners.length} corners`;
  const percent = (fraction: number) => `${Math.round(fraction * 100)} %`;
  return `${count}. Next at ${percent(cross.x)} from the left, ${percent(cross.y)} from the top.`;
}

/** Clamped to the picture, to the tenth of a thousandth that the configuration file keeps. */
export function within(fraction: number): number {
  return Math.round(Math.min(1, Math.max(0, fraction)) * 10_000) / 10_000;
}

function isNear(a: Point, b: Point, distance: number): boolean {
  return Math.abs(a.x - b.x) <= distance && Math.abs(a.y - b.y) <= distance;
}
