// Exponential backoff with jitter in its upper half, as a pure function of the try and a random number.

/** Limits of a backoff in ms. */
export interface BackoffOptions {
  /** Upper bound of the first wait. */
  readonly firstMs: number;
  /** No wait is longer than this. */
  readonly maxMs: number;
}

/**
 * How long to wait before try number `failures + 1`.
 * @param failures failures in a row so far, 1 or more
 * @param random uniform in 0..1; half of each wait is fixed so that retries never bunch at zero
 * @returns ms, at least half and at most all of `min(firstMs · 2^(failures−1), maxMs)`
 */
export function backoffMs(failures: number, random: number, options: BackoffOptions): number {
  // 2^30 is past every limit we use and keeps the product finite.
  const doublings = Math.min(Math.max(failures, 1) - 1, 30);
  const ceilingMs = Math.min(options.firstMs * 2 ** doublings, options.maxMs);
  return ceilingMs * (0.5 + 0.5 * random);
}
