// Tells whether two readings speak of the same print.
import type { JobRef } from './types.ts';

/** Klipper samples every 250 ms and a first reading may be late; two starts of one file are further apart. */
const startToleranceMs = 2_000;

/** True when both name the same file and the same start on Klipper's clock, give or take 2 s. */
export function isSameJob(a: JobRef, b: JobRef): boolean {
  return a.filename === b.filename && Math.abs(a.startTickMs - b.startTickMs) <= startToleranceMs;
}
