// Non-maximum suppression: of boxes that mean the same thing only the best is kept.
import type { Box } from '../fit.ts';

/** A box with its confidence. */
export interface Candidate extends Box {
  readonly score: number;
}

/** More than so many boxes are never compared: the work grows with their square. */
const maxCandidates = 1_000;

/**
 * Keeps the best boxes, best first, and drops each that overlaps a better one by more than `overlap`.
 * @param overlap intersection over union, 0..1
 */
export function suppress(candidates: readonly Candidate[], overlap: number): Candidate[] {
  const kept: Candidate[] = [];
  const sorted = candidates.toSorted((a, b) => b.score - a.score).slice(0, maxCandidates);
  for (const candidate of sorted) {
    if (kept.every((better) => shareOf(better, candidate) <= overlap)) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union; 0 for boxes without area. */
function shareOf(a: Box, b: Box): number {
  const common = areaOf({
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
    x2: Math.min(a.x2, b.x2),
    y2: Math.min(a.y2, b.y2),
  });
  return common === 0 ? 0 : common / (areaOf(a) + areaOf(b) - common);
}

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0);
}
