// What OctoEverywhere's Gadget API says, as schemas. Field names keep the service's spelling.
import * as v from 'valibot';
import { isLoopback } from '../lib/loopback.ts';

/** A judgement. All five fields must be there and in range (Process API, Successful Response). */
export const judgementSchema = v.object({
  /** Seconds before the next call; the service says 20 or more, but is not believed: see `intervalMs`. */
  NextProcessIntervalSec: v.pipe(v.number(), v.safeInteger()),
  /** 1 failure .. 10 perfect, for people only. */
  PrintQuality: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)),
  WarningSuggested: v.boolean(),
  PauseSuggested: v.boolean(),
  /** 0 perfect .. 100 failure. */
  Score: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)),
});

/** A judgement as read. */
export type Judgement = v.InferOutput<typeof judgementSchema>;

/**
 * Answer to createcontext.
 * @param mayBeLocal the service itself is on this host (a test, the demo), so its URLs may be plain HTTP to this host
 */
export function contextSchema(mayBeLocal: boolean) {
  const url = v.pipe(
    v.string(),
    v.check((text) => isSafeUrl(text, mayBeLocal), 'an https URL'),
  );
  return v.object({
    ContextId: v.pipe(v.string(), v.minLength(1)),
    ProcessRequestUrl: url,
    FallbackProcessRequestUrl: url,
  });
}

/** The body of an error; a gateway's has neither field. */
export const refusalSchema = v.object({ ErrorType: v.string(), ErrorDetails: v.optional(v.unknown()) });

/** The key is sent to these URLs, so they must be secure. */
function isSafeUrl(text: string, mayBeLocal: boolean): boolean {
  if (text.length > 2_000 || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && mayBeLocal && isLoopback(url));
}

const minIntervalS = 20;
const maxIntervalS = 1_800;

/** The wait that an answer asks for in ms: within 20..1800 s, and never below the user's own minimum. */
export function intervalMs(nextProcessIntervalSec: number, userMinimumMs: number): number {
  const clampedS = Math.min(Math.max(nextProcessIntervalSec, minIntervalS), maxIntervalS);
  return Math.max(clampedS * 1_000, userMinimumMs);
}

/** The wait before the first answer has told one: 60 s. */
export const firstIntervalMs = 60_000;
