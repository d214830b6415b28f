// The calls of a backend that keeps nothing over a restart: one at a time, none before its time, none that would mend nothing.
import { BackendError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { createHold, type LastCall, leftMs, waitOut } from './pace.ts';

/** Of one backend. */
export interface PacedCallsOptions {
  /** The backend's name, for messages. */
  readonly name: string;
  /** Ms from the start of one call to the start of the next. */
  readonly intervalMs: number;
}

/** Calls with a distance between them. */
export interface PacedCalls {
  /**
   * Makes the call when its time has come. A refusal of it keeps the next ones from being made: for good where only a
   * person can mend it (`retry: never`), for 10 min where another one now would not help (`later`), else for as long as
   * the service asks.
   * @throws BackendError BACKEND_RATE_LIMITED when asked too early, the refusal again while it holds, whatever `call`
   * throws; the signal's reason when aborted
   */
  make<Answer>(call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer>;
  /** Ms until the next call may be made; 0 = now. */
  readyInMs(): number;
  /** Forgets the refusal: the service has taken our key after all. */
  forgive(): void;
}

/** The wait after a refusal that another call would not mend at once. */
const refusedMs = 600_000;

/** Makes the pace of one backend. */
export function createPacedCalls({ name, intervalMs }: PacedCallsOptions, clock: Clock): PacedCalls {
  const turn = oneAtATime();
  const hold = createHold(clock);
  let lastCall: LastCall | null = null;

  const settle = (call: LastCall, error: BackendError): BackendError => {
    lastCall = { ...call, waitMs: Math.max(intervalMs, error.retryAfterMs ?? 0) };
    if (error.retry === 'soon') return error;
    return hold.start(error.retry === 'never' ? Number.POSITIVE_INFINITY : refusedMs, error);
  };

  return {
    make: (call, signal) =>
      turn(async () => {
        hold.refuse();
        await waitOut(name, lastCall, clock, signal);
        const started = { ...clock.now(), waitMs: intervalMs };
        lastCall = started;
        try {
          return await call();
        } catch (error) {
          throw error instanceof BackendError ? settle(started, error) : error;
        }
      }, signal),
    readyInMs: () => leftMs(lastCall, clock.now()),
    forgive: hold.end,
  };
}
