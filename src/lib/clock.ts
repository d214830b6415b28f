// The real clock: wall time, CLOCK_MONOTONIC, and a sleep that can be aborted.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';

/** Node's longest timer, 2^31 − 1 ms. */
const maxTimerMs = 2 ** 31 - 1;

/** The clock of this host. `tickMs` is CLOCK_MONOTONIC, so it goes on over a restart of this process. */
export const systemClock: Clock = {
  now: () => ({ atMs: Date.now(), tickMs: Number(process.hrtime.bigint() / 1_000n) / 1_000 }),
  sleep: async (ms, signal) => {
    await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, { signal });
  },
};
