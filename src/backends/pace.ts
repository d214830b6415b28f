// When a service may be asked again: an interval after each call, and a hold where another call would mend nothing.
import * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Moment } from '../core/types.ts';

/** A backend that has stopped says so again this often, so that each print gets to hear it. */
export const sayAgainMs = 600_000;

/** A timer may fire early; up to this much of an interval is waited out here, with the frame in hand. */
const graceMs = 2_000;
/**
 * Added to the wait after a restart: what is on disk is when the last call began, and the service counts from the
 * moment when it arrived.
 */
const restartMarginMs = 5_000;

/** A moment as it is stored. */
export const momentEntries = { atMs: v.number(), tickMs: v.number() };
/** A length of time as it is stored. */
export const storedMs = v.pipe(v.number(), v.minValue(0));

/** The last call, and how long after it the next one may be made. */
export const lastCallSchema = v.object({ ...momentEntries, waitMs: storedMs });
export type LastCall = v.InferOutput<typeof lastCallSchema>;

/** The last call as it counts after a restart. Over a reboot only the wall clock can tell, and one that ran backwards tells nothing. */
export function afterRestart(lastCall: LastCall, now: Moment, isSameBoot: boolean): LastCall {
  const passedMs = Math.max(isSameBoot ? now.tickMs - lastCall.tickMs : now.atMs - lastCall.atMs, 0);
  return { ...now, waitMs: Math.max(lastCall.waitMs + restartMarginMs - passedMs, 0) };
}

/** Ms until the next call may be made; 0 = now. */
export function leftMs(lastCall: LastCall | null, now: Moment): number {
  return lastCall === null ? 0 : Math.max(lastCall.tickMs + lastCall.waitMs - now.tickMs, 0);
}

/**
 * Waits for the end of an interval that is nearly over.
 * @throws BackendError BACKEND_RATE_LIMITED when it is not; the signal's reason when aborted
 */
export async function waitOut(
  name: string,
  lastCall: LastCall | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const ms = leftMs(lastCall, clock.now());
  if (ms > graceMs)
    throw new BackendError(`${name}: asked ${Math.ceil(ms / 1_000)} s before the service allows it`, {
      code: 'BACKEND_RATE_LIMITED',
      retry: 'soon',
      retryAfterMs: ms,
    });
  if (ms > 0) await clock.sleep(ms, signal);
}

/** Keeps a backend from asking at all after a refusal. */
export interface Hold {
  /** Throws the error of the hold while it lasts, with the wait that is left. */
  refuse(): void;
  isOn(): boolean;
  /** No request for `ms`, or for as long as the service itself asked for. Returns the error to throw. */
  start(ms: number, error: BackendError): BackendError;
  end(): void;
}

/** Makes a hold that has not started. */
export function createHold(clock: Clock): Hold {
  let untilTickMs = Number.NEGATIVE_INFINITY;
  let reason: BackendError | null = null;
  const restMs = () => untilTickMs - clock.now().tickMs;
  return {
    refuse: () => {
      if (reason !== null && restMs() > 0) throw withWait(reason, Math.min(restMs(), sayAgainMs));
    },
    isOn: () => restMs() > 0,
    start: (ms, error) => {
      const waitMs = Math.max(ms, error.retryAfterMs ?? 0);
      untilTickMs = clock.now().tickMs + waitMs;
      reason = error;
      return withWait(error, Math.min(waitMs, sayAgainMs));
    },
    end: () => {
      untilTickMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The same error with another `retryAfterMs`. */
export function withWait(error: BackendError, waitMs: number): BackendError {
  const { message, code, retry, hint, cause } = error;
  return new BackendError(message, { code, retry, hint, cause, retryAfterMs: waitMs });
}

/** There is no key in the configuration. BACKEND_BAD_KEY. `whose` is the site that gives one. */
export function noKeyError(name: string, whose: string): BackendError {
  return new BackendError(`${name}: no api_key is set`, {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    retryAfterMs: sayAgainMs,
    hint: `Put the api_key of ${whose} into the secrets file and restart.`,
  });
}
