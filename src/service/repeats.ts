// Counts trouble that repeats, so that it fills neither the log nor the disk.

/** How often a line was held back since it was last written. */
export interface Repeated<Line> {
  readonly line: Line;
  readonly count: number;
}

/** Tells first occurrences from repeats. */
export interface Repeats<Line> {
  /**
   * Should this line be written now?
   * @param key equal for lines that say the same
   * @param tickMs monotonic, ms
   * @returns the repeats before it that were held back (0 the first time), or null when this one is held back too
   */
  admit(key: string, line: Line, tickMs: number): number | null;
  /** Takes out the lines whose time is up and that were held back at least once since. */
  takeExpired(tickMs: number): readonly Repeated<Line>[];
}

/** Limits of the counting. */
export interface RepeatsOptions {
  /** A line is written at most once in this time. */
  readonly windowMs: number;
  /** Different lines remembered; the oldest is forgotten first. */
  readonly maxKeys: number;
}

/** Makes a counter that has seen nothing. */
export function createRepeats<Line>({ windowMs, maxKeys }: RepeatsOptions): Repeats<Line> {
  // In the order of their windows, because an entry is put at the end whenever its window starts.
  const seen = new Map<string, { readonly line: Line; readonly sinceMs: number; count: number }>();
  return {
    admit: (key, line, tickMs) => {
      const entry = seen.get(key);
      if (entry !== undefined && tickMs - entry.sinceMs < windowMs) {
        entry.count += 1;
        return null;
      }
      seen.delete(key);
      const [oldest] = seen.keys();
      if (seen.size >= maxKeys && oldest !== undefined) seen.delete(oldest);
      seen.set(key, { line, sinceMs: tickMs, count: 0 });
      return entry?.count ?? 0;
    },
    takeExpired: (tickMs) => {
      const expired: Repeated<Line>[] = [];
      for (const [key, { line, sinceMs, count }] of seen) {
        if (tickMs - sinceMs < windowMs) break;
        seen.delete(key);
        if (count > 0) expired.push({ line, count });
      }
      return expired;
    },
  };
}
