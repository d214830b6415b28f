// How long PrintWatch is left alone after each kind of failure, and how much time an answer gets.
import { BackendError } from '../core/errors.ts';
import type { Job } from '../core/types.ts';
import { type Hold, withWait } from './pace.ts';
import { reactionOf } from './printwatch-errors.ts';

/** What a failed infer call came to. */
export interface Setback {
  /** To throw; its `retryAfterMs` is set. */
  readonly error: BackendError;
  /** The next call may be made after this. */
  readonly waitMs: number;
  /** It was code 212, and not for the first time. */
  readonly isCrowded: boolean;
}

/** Keeps count of failures in a row. */
export interface Course {
  /** For the next infer call. */
  timeoutMs(): number;
  succeeded(): void;
  /** @param paceMs the interval between two good calls */
  failed(error: BackendError, job: Job, paceMs: number): Setback;
  /** Ms to keep away after a heartbeat that failed, the last of `failures` in a row. */
  heartbeatFailed(error: BackendError, failures: number): number;
}

/** An account that has not been paid is asked about every 6 h. */
const probeMs = 6 * 3_600_000;
/** A request that the service finds wrong is not sent again for 10 min. */
const refusedMs = 600_000;
const maxCrowdedMs = 600_000;
const maxTimeoutMs = 30_000;
/** The service judges from here on (code 213); a moment more, for Klipper's durations are up to 250 ms old. */
const startsAtMs = 301_000;
const earlyMs = 60_000;
/** A print this old is not young to anybody. */
const surelyStartedMs = 600_000;

/**
 * Makes a course.
 * @param firstTimeoutMs each failure in a row adds 5 s to it, up to 30 s
 * @param hold started by what another call would not mend
 */
export function createCourse(firstTimeoutMs: number, hold: Hold): Course {
  let failures = 0;
  let crowded = 0;

  const wait = (error: BackendError, ms: number, isCrowded = false): Setback => {
    const waitMs = Math.max(ms, error.retryAfterMs ?? 0);
    return { error: withWait(error, waitMs), waitMs, isCrowded };
  };

  return {
    timeoutMs: () => Math.min(firstTimeoutMs + 5_000 * failures, Math.max(maxTimeoutMs, firstTimeoutMs)),
    succeeded: () => {
      failures = 0;
      crowded = 0;
    },
    failed: (error, job, paceMs) => {
      const reaction = reactionOf(error);
      if (reaction === 'back-off') failures += 1;
      else failures = 0;
      crowded = reaction === 'crowded' ? crowded + 1 : 0;
      switch (reaction) {
        case 'stop':
        case 'probe':
        case 'pause':
          return { error: hold.start(holdMs[reaction], error), waitMs: paceMs, isCrowded: false };
        case 'early':
          return wait(
            job.printDurationMs < surelyStartedMs ? error : stillEarly(error),
            earlyWaitMs(job, paceMs),
          );
        case 'crowded':
          return wait(
            error,
            Math.min(paceMs * 2 ** (crowded - 1), Math.max(maxCrowdedMs, paceMs)),
            crowded > 1,
          );
        case 'frame':
        case 'again':
          return wait(error, paceMs);
        case 'back-off':
          return wait(error, Math.max(paceMs, backOffMs(failures)));
      }
    },
    heartbeatFailed: (error, count) => {
      const reaction = reactionOf(error);
      if (reaction === 'stop' || reaction === 'probe') hold.start(holdMs[reaction], error);
      return Math.max(backOffMs(count), error.retryAfterMs ?? 0);
    },
  };
}

const holdMs = { stop: Number.POSITIVE_INFINITY, probe: probeMs, pause: refusedMs };

/** 10 s and 5 s more for each failure in a row; 120 s from the tenth on. */
function backOffMs(failures: number): number {
  return failures < 10 ? 10_000 + 5_000 * failures : 120_000;
}

/** Shares what is left of the first five minutes evenly, in steps of a minute or more, so that the last one ends with them. */
function earlyWaitMs({ printDurationMs }: Job, paceMs: number): number {
  const restMs = startsAtMs - printDurationMs;
  if (restMs <= 0) return Math.max(earlyMs, paceMs);
  return Math.max(restMs / Math.max(Math.floor(restMs / earlyMs), 1), paceMs);
}

/** Waiting is not blind, so a service that waits for ever would leave a print alone without a word. */
function stillEarly(error: BackendError): BackendError {
  const { message, cause } = error;
  return new BackendError(`${message}, but this print is older`, {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'soon',
    hint: 'Update moonraker-lookout; if that does not help, report this with the message.',
    cause,
  });
}

/** Nothing has been extruded yet, so there is nothing to judge. BACKEND_WAITING. */
export function tooYoung(): BackendError {
  return new BackendError('printwatch: not yet: nothing is printed', {
    code: 'BACKEND_WAITING',
    retry: 'soon',
    retryAfterMs: 10_000,
  });
}
