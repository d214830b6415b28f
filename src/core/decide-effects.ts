// Effects that several steps of the core order in the same way.
import { explainAlert } from './explain.ts';
import type { Incident } from './incident.ts';
import type { Moment } from './types.ts';
import type { Effect, WatchState } from './watch-state.ts';

/** Shows the incident as it stands now, in place of what was shown of it before. */
export function raiseAlert(state: WatchState, incident: Incident, now: Moment): Effect {
  return { kind: 'raise-alert', alert: explainAlert(incident, now, state.wasPaused) };
}

/** Takes the alert of this incident away. */
export function closeAlert(incidentId: string): Effect {
  return { kind: 'close-alert', incidentId };
}

/** For a pause that was seen only afterwards: nobody has looked after the bed yet. */
export function keepBedWarm(state: WatchState, incident: Incident): Effect[] {
  const isPausedNow =
    state.wasPaused && incident.action?.what === 'pause' && incident.action.state === 'done';
  return isPausedNow && state.idleTimeoutBeforeS === null ? [{ kind: 'lengthen-idle-timeout' }] : [];
}

/** Gives Klipper its own idle timeout back, where we had changed it. */
export function restoreIdleTimeout(seconds: number | null): Effect[] {
  return seconds === null ? [] : [{ kind: 'set-idle-timeout', seconds }];
}
