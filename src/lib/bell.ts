// Lets one loop sleep until a time has passed or somebody rings.
import type { Clock } from '../core/ports.ts';

/** A bell for a single waiter. */
export interface Bell {
  /** Wakes the waiter; when nobody waits, the next wait returns at once. */
  ring(): void;
  /** Resolves after `ms` or when rung, whichever is first. Rejects with the signal's reason when aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A bell on this clock. */
export function createBell(clock: Pick<Clock, 'sleep'>): Bell {
  let hasRung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      hasRung = true;
      wake?.();
    },
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      if (!hasRung) {
        const nap = new AbortController();
        const onAbort = () => nap.abort(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        wake = () => nap.abort();
        try {
          await clock.sleep(ms, nap.signal);
        } catch (error) {
          if (signal.aborted || !nap.signal.aborted) throw error;
        } finally {
          wake = null;
          signal.removeEventListener('abort', onAbort);
        }
      }
      hasRung = false;
    },
  };
}
