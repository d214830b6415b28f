// Reads the Retry-After header.

/** Nothing a service says keeps us away for longer than this: 1 h. */
const maxRetryAfterMs = 3_600_000;

/**
 * Ms to wait, 0..3,600,000, or null when the header is absent or makes no sense (RFC 9110 §10.2.3: seconds or a date).
 * @param value the header
 * @param date the answer's own Date header: a date is measured against it, for our wall clock may be wrong
 * @param atMs our wall clock, used when there is no Date header
 */
export function parseRetryAfter(value: unknown, date: unknown, atMs: number): number | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, maxRetryAfterMs);
  const untilMs = parseHttpDate(text);
  if (untilMs === null) return null;
  const nowMs = (typeof date === 'string' ? parseHttpDate(date) : null) ?? atMs;
  return Math.min(Math.max(untilMs - nowMs, 0), maxRetryAfterMs);
}

/** `Date.parse` takes nearly anything for a date, so the shape is checked first. */
function parseHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
