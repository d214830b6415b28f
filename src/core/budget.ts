// Counts paid calls by calendar month, as pure functions over a small record that is kept on disk.

/** Calls by month. A few months are kept, for a wall clock without a battery may start in the past. */
export interface CallCounts {
  /** `2026-07` → calls. */
  readonly months: Readonly<Record<string, number>>;
  /** The month in which the user was told that the budget runs low; null for none. */
  readonly toldIn: string | null;
}

/** Nothing counted yet. */
export const noCalls: CallCounts = { months: {}, toldIn: null };

const keptMonths = 3;
const tellAt = 0.8;

/** The calendar month (UTC) of a moment: `2026-07`. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** Calls in the month of `atMs`. */
export function callsInMonth(counts: CallCounts, atMs: number): number {
  return counts.months[monthOf(atMs)] ?? 0;
}

/** The counts with `calls` more (or fewer, when negative) in the month of `atMs`. Forgets all but the last three months written to. */
export function countCalls(counts: CallCounts, atMs: number, calls: number): CallCounts {
  const month = monthOf(atMs);
  const { [month]: before = 0, ...others } = counts.months;
  const kept = Object.entries(others).slice(1 - keptMonths);
  return { ...counts, months: { ...Object.fromEntries(kept), [month]: Math.max(before + calls, 0) } };
}

/** True once no call is left. A limit of 0 is no limit. */
export function isSpent(counts: CallCounts, atMs: number, limit: number): boolean {
  return limit > 0 && callsInMonth(counts, atMs) >= limit;
}

/** True when 80 % are used and the user has not been told in this month. */
export function isLow(counts: CallCounts, atMs: number, limit: number): boolean {
  return limit > 0 && callsInMonth(counts, atMs) >= tellAt * limit && counts.toldIn !== monthOf(atMs);
}

/** What a service that counts its calls has been asked in this month. */
export interface Usage {
  /** The month (UTC): `2026-07`. */
  readonly month: string;
  readonly used: number;
  /** As set by the user; null for no limit. */
  readonly limit: number | null;
  /** What they cost by the list of the service, in US dollars; null where it does not say. */
  readonly costUsd: number | null;
}

/** Up to `upTo` calls of a month, each costs `eachUsd`. */
export interface PriceStep {
  readonly upTo: number;
  readonly eachUsd: number;
}

/** What so many calls of a month cost by this list, whose steps rise and whose last one is `Infinity`. US dollars. */
export function costOf(calls: number, list: readonly PriceStep[]): number {
  let cost = 0;
  let from = 0;
  for (const { upTo, eachUsd } of list) {
    cost += Math.max(0, Math.min(calls, upTo) - from) * eachUsd;
    from = upTo;
  }
  return cost;
}

/** Ms until the next month (UTC) begins. */
export function msToNextMonth(atMs: number): number {
  const now = new Date(atMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - atMs;
}
