// Looks after the server while a print is heating or paused, when no picture would show that it is gone.
import { LookoutError } from '../core/errors.ts';
import { isSameJob } from '../core/job.ts';
import type { Clock, Log, PrintView } from '../core/ports.ts';
import type { Job, Notice, Print } from '../core/types.ts';
import { createBell } from '../lib/bell.ts';

/** What the look needs. */
export interface HealthDeps {
  /** Rejects while the server would not judge. */
  readonly checkReady: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onNotice: (notice: Notice) => void;
}

/** Between two looks. */
const everyMs = 60_000;
/** With nothing to look at; a change of the print ends the wait. */
const idleMs = 3_600_000;
/** A server that restarts is away for a moment. */
const toldAfter = 2;

/**
 * Asks once a minute whether the server is ready, and tells the user once a print when it is not. Not while frames are judged,
 * for each of those asks more, and not while nothing is printed. Ends with the signal.
 */
export async function watchHealth(printer: PrintView, deps: HealthDeps, signal: AbortSignal): Promise<void> {
  const bell = createBell(deps.clock);
  const stop = printer.onPrint(bell.ring);
  let failures = 0;
  let nextTickMs = Number.NEGATIVE_INFINITY;
  let told: Job | null = null;

  const look = async (job: Job) => {
    try {
      await deps.checkReady(signal);
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      deps.log.debug('the server is not ready', { error, failures });
      if (failures < toldAfter || (told !== null && isSameJob(told, job))) return;
      told = job;
      const why = error instanceof LookoutError ? error.message : String(error);
      deps.onNotice({ level: 'warning', text: `The print cannot be watched yet: ${why}.` });
    }
  };

  try {
    while (!signal.aborted) {
      const job = waitingJob(printer.print);
      if (job === null) {
        failures = 0;
        await bell.wait(idleMs, signal);
        continue;
      }
      const leftMs = nextTickMs - deps.clock.now().tickMs;
      if (leftMs > 0) {
        await bell.wait(leftMs, signal);
        continue;
      }
      nextTickMs = deps.clock.now().tickMs + everyMs;
      await look(job);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop();
  }
}

/** The print that will be judged again but is not now. */
function waitingJob(print: Print): Job | null {
  return print.kind === 'heating' || print.kind === 'paused' ? print.job : null;
}
