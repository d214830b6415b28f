// When the next frame is due.

import { type BackoffOptions, backoffMs } from './backoff.ts';
import type { Gate } from './gates.ts';

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

/** How often a closed gate is looked at again where no event will open it. */
const recheckMs = 10_000;
/** The loop goes round at least this often, so that an outage is told on time. */
export const heartbeatMs = 30_000;

/** How long to wait at a closed gate, ms, if nothing happens meanwhile. */
export function waitAtGateMs(gate: Gate): number {
  switch (gate.kind) {
    case 'start-after':
      return Math.max(gate.leftMs, 1_000);
    case 'muted':
      return Math.min(gate.leftMs ?? heartbeatMs, heartbeatMs);
    case 'macro-pause':
      return recheckMs;
    default:
      return heartbeatMs;
  }
}
