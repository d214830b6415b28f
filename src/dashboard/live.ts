// The newest picture for whoever looks: fetched only when somebody asks, at most once a second, one fetch for all.
import type { Clock } from '../core/ports.ts';
import type { Frame } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';
import { singleFlight } from '../lib/single-flight.ts';

/** Pictures between the looks of the watch. */
export interface Live {
  /** A picture of the last second, or a new one. Rejects with the CameraError; the last failure holds for 2 s. */
  latest(): Promise<Frame>;
}

/** A picture younger than this is new. */
const freshMs = 950;
/** A camera that has just failed is left alone for this long. */
const failedForMs = 2_000;
/** When nobody has asked for this long, the picture is let go. */
const forgetAfterMs = 10_000;
const grabLimitMs = 15_000;

/** Live pictures of one camera; `lastLook` is the picture that the watch has judged last. */
export function createLive(deps: {
  readonly show: (signal: AbortSignal) => Promise<Frame>;
  readonly lastLook: () => Frame | null;
  readonly clock: Pick<Clock, 'now'>;
}): Live {
  const { show, lastLook, clock } = deps;
  let last: Frame | null = null;
  let failed: { readonly error: unknown; readonly tickMs: number } | null = null;
  let forget: NodeJS.Timeout | null = null;

  const fetchOne = singleFlight(async () => {
    const deadline = startDeadline(grabLimitMs, new AbortController().signal);
    try {
      last = await show(deadline.signal);
      failed = null;
      return last;
    } catch (error) {
      failed = { error, tickMs: clock.now().tickMs };
      throw error;
    } finally {
      deadline.done();
    }
  });

  return {
    latest: async () => {
      if (forget !== null) clearTimeout(forget);
      forget = setTimeout(() => {
        last = null;
      }, forgetAfterMs).unref();
      const { tickMs } = clock.now();
      const newest = newer(last, lastLook());
      if (newest !== null && tickMs - newest.tickMs < freshMs) return newest;
      if (failed !== null && tickMs - failed.tickMs < failedForMs) throw failed.error;
      return fetchOne();
    },
  };
}

function newer(a: Frame | null, b: Frame | null): Frame | null {
  if (a === null || b === null) return a ?? b;
  return a.tickMs >= b.tickMs ? a : b;
}
