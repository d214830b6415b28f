// Sentences about a host that has too much to do.
import { sayDuration } from './explain.ts';
import type { Moment, Notice } from './types.ts';

/** A load as people read it in `top`, for each core: `2.4 for each core`. */
export function sayLoad(load: number): string {
  return `${load.toFixed(1)} for each core`;
}

/** The host has been busy for long. */
export function explainBusy(
  { since, load }: { readonly since: Moment; readonly load: number },
  now: Moment,
): Notice {
  return {
    level: 'warning',
    text:
      `Lookout: the host has been busy for ${sayDuration(now.tickMs - since.tickMs)} (load ${sayLoad(load)}), so that the print is ` +
      'looked at less often. Find out what takes the processor (top shows it): time-lapses and camera streams often do.',
  };
}

/** It has less to do again, after that was told. */
export function explainNotBusy({ since }: { readonly since: Moment }, now: Moment): Notice {
  const text = `Lookout: the host is no longer busy (it was for ${sayDuration(now.tickMs - since.tickMs)}).`;
  return { level: 'info', text };
}
