// `on_failure: confirm`: the user is asked first, and the print is paused when nobody has answered in time.
import { closeAlert, raiseAlert } from './decide-effects.ts';
import { isBefore } from './gates.ts';
import { isHeld } from './hold.ts';
import type { Incident } from './incident.ts';
import type { Moment } from './types.ts';
import type { DecideOptions, Decision, WatchState } from './watch-state.ts';

/** Without a setting, as in records from before there was one. */
const usualMs = 60_000;

/** The failing incident with its countdown begun, or begun anew where an outage or a restart may have hidden it. */
export function withCountdown(incident: Incident, now: Moment, options: DecideOptions): Incident {
  return { ...incident, confirmUntilTickMs: now.tickMs + (options.confirmMs ?? usualMs) };
}

/** The incident without a countdown. */
function withoutCountdown(incident: Incident): Incident {
  const { confirmUntilTickMs: _over, ...rest } = incident;
  return rest;
}

/** Ms until the countdown of this state ends; null where there is none. */
export function countdownLeftMs({ incident }: WatchState, now: Moment): number | null {
  const until = incident?.confirmUntilTickMs;
  return until === undefined ? null : Math.max(0, until - now.tickMs);
}

/** Nobody has answered: pause, unless the last look saw the trouble no more. While nothing can be seen it pauses. */
export function endCountdown(state: WatchState, now: Moment): Decision {
  const { incident } = state;
  const until = incident?.confirmUntilTickMs;
  if (incident === null || until === undefined || isBefore(now, until)) return { state, effects: [] };
  // Closing the dialog is no answer; pausing or cancelling by its buttons is under way already.
  const isOpen = incident.answer === null || incident.answer === 'seen';
  if (!isOpen || !state.isPrinting || state.isAlertDue || isHeld(state.hold, state.job, now)) {
    return { state, effects: [] };
  }
  if (!isStillSeen(state)) return { state: { ...state, incident: null }, effects: [closeAlert(incident.id)] };
  const action = { what: 'pause', state: 'requested', requestedAt: now, message: '' } as const;
  const acting: Incident = { ...withoutCountdown(incident), action };
  return {
    state: { ...state, incident: acting },
    effects: [{ kind: 'take-action', incidentId: incident.id, action: 'pause' }],
  };
}

/** Somebody has paused the print meanwhile: there is nothing left to count for, and the buttons must say so. */
export function dropCountdown(state: WatchState, incident: Incident, now: Moment): Decision {
  const rest = withoutCountdown(incident);
  const next = { ...state, incident: rest };
  return { state: next, effects: incident.answer === null ? [raiseAlert(next, rest, now)] : [] };
}

function isStillSeen({ last, verdict, evidence }: WatchState): boolean {
  // After a restart nothing has been seen yet that could take the failure back.
  if (last === null || verdict === 'failing') return true;
  // What has built up fades slowly; whether there is still something to see, the last look tells.
  if (last.assessment.suggests === null) return evidence.stretches.at(-1)?.hasFailure === true;
  return verdict === 'warning';
}
