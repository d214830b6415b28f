// What shadow mode would have done, as words that others build their sentences with.
import type { Incident } from './incident.ts';
import type { OnFailure } from './types.ts';

const deeds: Readonly<Record<OnFailure, string>> = {
  pause: 'would have paused',
  cancel: 'would have cancelled',
  gcode: 'would have run failure_gcode',
  alert: 'would have alerted',
  confirm: 'would have asked, then paused',
};

/** Such as `would have paused`; `would have warned` before it was failing. */
export function sayWouldHave({ wouldHave }: Incident): string {
  return wouldHave == null ? 'would have warned' : deeds[wouldHave.what];
}
