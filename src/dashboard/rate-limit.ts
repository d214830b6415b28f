// Token buckets by client, so that nobody can keep the printer's host busy.

/** How much of one thing one client may do. */
export interface RateOptions {
  /** At once. */
  readonly burst: number;
  /** Regained a second. */
  readonly perSecond: number;
  /** Clients remembered; the one that was refilled longest ago is forgotten first. */
  readonly maxClients: number;
}

/** Counts what clients do. */
export interface RateLimit {
  /** Takes one token. False when there is none left. */
  take(client: string, tickMs: number): boolean;
}

/** Makes a limit with full buckets. */
export function createRateLimit({ burst, perSecond, maxClients }: RateOptions): RateLimit {
  const buckets = new Map<string, { tokens: number; tickMs: number }>();
  return {
    take: (client, tickMs) => {
      const known = buckets.get(client) ?? { tokens: burst, tickMs };
      const regained = (Math.max(0, tickMs - known.tickMs) / 1000) * perSecond;
      const tokens = Math.min(burst, known.tokens + regained);
      const isAllowed = tokens >= 1;
      // Put at the end: the first is the one that has been quiet for longest.
      buckets.delete(client);
      buckets.set(client, { tokens: isAllowed ? tokens - 1 : tokens, tickMs });
      const [quietest] = buckets.keys();
      if (buckets.size > maxClients && quietest !== undefined) buckets.delete(quietest);
      return isAllowed;
    },
  };
}
