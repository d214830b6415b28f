// Groups the cells of a grid that touch each other.

/** A group of cells: its outermost cells, and the score of its highest. */
export interface Cluster {
  readonly x1: number;
  readonly y1: number;
  /** Inclusive. */
  readonly x2: number;
  readonly y2: number;
  readonly score: number;
}

/** Groups of cells above `threshold` that share a side, in the order of their first cell. Rows of `columns` cells each. */
export function clusters(scores: Float64Array, columns: number, threshold: number): Cluster[] {
  const found: Cluster[] = [];
  const isSeen = new Uint8Array(scores.length);
  const isHigh = (at: number) => (scores[at] ?? 0) > threshold;
  for (let start = 0; start < scores.length; start += 1) {
    if (isSeen[start] === 1 || !isHigh(start)) continue;
    const group: number[] = [];
    const open = [start];
    isSeen[start] = 1;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      group.push(at);
      for (const next of neighbours(at, columns, scores.length)) {
        if (isSeen[next] === 1 || !isHigh(next)) continue;
        isSeen[next] = 1;
        open.push(next);
      }
    }
    found.push(outline(group, scores, columns));
  }
  return found;
}

function neighbours(at: number, columns: number, length: number): number[] {
  const x = at % columns;
  return [
    ...(x > 0 ? [at - 1] : []),
    ...(x < columns - 1 ? [at + 1] : []),
    ...(at >= columns ? [at - columns] : []),
    ...(at + columns < length ? [at + columns] : []),
  ];
}

function outline(group: readonly number[], scores: Float64Array, columns: number): Cluster {
  const bounds = { x1: columns, y1: Number.POSITIVE_INFINITY, x2: 0, y2: 0, score: 0 };
  for (const at of group) {
    const [x, y] = [at % columns, Math.floor(at / columns)];
    bounds.x1 = Math.min(bounds.x1, x);
    bounds.y1 = Math.min(bounds.y1, y);
    bounds.x2 = Math.max(bounds.x2, x);
    bounds.y2 = Math.max(bounds.y2, y);
    bounds.score = Math.max(bounds.score, scores[at] ?? 0);
  }
  return bounds;
}
