// When the next frame is due.
import { type BackoffOptions, backoffMs } from './backoff.ts';

/** What happened at the last look and what it asks of the next one. */
export type LookResult =
  | { readonly kind: 'assessed'; readonly nextInMs: number }
  | { readonly kind: 'missed'; readonly failures: number; readonly retryAfterMs: number | null };

/** After a miss: soon at first, so that a camera's hiccup costs little, then at most once a minute. */
const missBackoff: BackoffOptions = { firstMs: 5_000, maxMs: 60_000 };

/**
 * Ms to wait after a look, never less than what the backend demands.
 * @param intervalMs `[detection] interval`
 * @param random uniform in 0..1
 */
export function nextLookInMs(result: LookResult, intervalMs: number, random: number): number {
  if (result.kind === 'assessed') return Math.max(result.nextInMs, intervalMs);
  return Math.max(backoffMs(result.failures, random, missBackoff), result.retryAfterMs ?? 0);
}
