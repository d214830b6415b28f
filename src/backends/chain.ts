// Several backends in order: when one is blind for too long the next judges, and the first is tried again now and then.
import { BackendError } from '../core/errors.ts';
import type { Backend, Clock, Log } from '../core/ports.ts';
import type { Assessment, Frame, Job, Notice } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';

/** When to change over. */
export interface ChainOptions {
  /**
   * A backend that has been blind for this long is left, ms; at once one that cannot work before a person acts, or that
   * keeps us waiting for longer than that.
   */
  readonly failoverAfterMs: number;
  /** Ms that the first may take when it is tried again; 15,000. Only tests change it. */
  readonly tryFirstLimitMs?: number;
}

/** What the chain needs. */
export interface ChainDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the user who judges now. */
  readonly onNotice: (notice: Notice) => void;
}

/** While a later backend judges, the first is asked this often. */
const tryFirstEveryMs = 300_000;
/** The one that judges must not wait long for one that may still be dead. */
const tryFirstLimitMs = 15_000;
/** About this picture or this moment, not about the backend. */
const passing: ReadonlySet<string> = new Set(['BACKEND_BAD_FRAME', 'BACKEND_WAITING']);

/**
 * One backend out of several; each print begins with the first. An assessment names the backend that gave it.
 * Rejects with the BackendError of the backend that was asked last. `members` needs at least one.
 */
export function createChain(members: readonly Backend[], options: ChainOptions, deps: ChainDeps): Backend {
  const { clock, onNotice } = deps;
  const log = deps.log.child('backends/chain');
  let current = 0;
  let blindSinceTickMs: number | null = null;
  let firstTriedTickMs = 0;

  const member = (index: number): Backend => {
    const found = members[index];
    if (found === undefined) throw new RangeError(`the chain has no backend ${index}`);
    return found;
  };

  const changeTo = (index: number, why: string) => {
    const [from, to] = [member(current).name, member(index).name];
    log.warn('another backend judges now', { from, to, why });
    onNotice({ level: 'warning', text: `Lookout: ${to} judges the print now. ${why}` });
    current = index;
    blindSinceTickMs = null;
    firstTriedTickMs = clock.now().tickMs;
  };

  /** The first again, if it is time and it answers; null otherwise. */
  const tryFirst = async (frame: Frame, job: Job, signal: AbortSignal): Promise<Assessment | null> => {
    const first = member(0);
    const isTime = clock.now().tickMs - firstTriedTickMs >= tryFirstEveryMs;
    if (current === 0 || !isTime || (first.readyInMs?.() ?? 0) > 0) return null;
    firstTriedTickMs = clock.now().tickMs;
    const deadline = startDeadline(options.tryFirstLimitMs ?? tryFirstLimitMs, signal);
    try {
      const assessment = await first.assess(frame, job, deadline.signal);
      changeTo(0, `${first.name} answers again.`);
      return assessment;
    } catch (error) {
      signal.throwIfAborted();
      log.debug('the first backend is still blind', { error });
      return null;
    } finally {
      deadline.done();
    }
  };

  const askFrom = async (index: number, frame: Frame, job: Job, signal: AbortSignal): Promise<Assessment> => {
    const asked = member(index);
    const askedTickMs = clock.now().tickMs;
    const isTooEarly = (asked.readyInMs?.() ?? 0) > 0;
    try {
      const assessment = await asked.assess(frame, job, signal);
      blindSinceTickMs = null;
      return assessment;
    } catch (error) {
      signal.throwIfAborted();
      if (isTooEarly || (error instanceof BackendError && passing.has(error.code))) throw error;
      blindSinceTickMs ??= askedTickMs;
      const leftMs = blindSinceTickMs + options.failoverAfterMs - clock.now().tickMs;
      if (!isLongerBlind(error, leftMs) || index + 1 >= members.length) throw error;
      const reason = error instanceof BackendError ? `${error.message} [${error.code}]` : String(error);
      changeTo(index + 1, `${asked.name} is blind: ${reason}.`);
      return askFrom(index + 1, frame, job, signal);
    }
  };

  return {
    get name() {
      return member(current).name;
    },
    assess: async (frame, job, signal) =>
      (await tryFirst(frame, job, signal)) ?? askFrom(current, frame, job, signal),
    readyInMs: () => member(current).readyInMs?.() ?? 0,
    printEnded: (job) => {
      current = 0;
      blindSinceTickMs = null;
      for (const each of members) each.printEnded?.(job);
    },
  };
}

/** Whether a backend that fails so will give no judgement in the next `ms`. */
function isLongerBlind(error: unknown, ms: number): boolean {
  if (ms <= 0) return true;
  return error instanceof BackendError && (error.retry === 'never' || (error.retryAfterMs ?? 0) >= ms);
}
