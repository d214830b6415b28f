// What a person asks for without an alert: to be left alone for a while, and to pause, resume or cancel.
import { closeAlert } from './decide-effects.ts';
import { noEvidence } from './evidence.ts';
import { explainStillMuted, explainStillOff } from './explain-hold.ts';
import { isHeld, type Mute, mutedBy, mutedMs, withMute } from './hold.ts';
import { isUnderWay } from './incident.ts';
import { isSameJob } from './job.ts';
import type { Moment } from './types.ts';
import type { Decision, Effect, WatchCommand, WatchState } from './watch-state.ts';

/** One step for a command, from whichever way in. */
export function commanded(state: WatchState, command: WatchCommand, now: Moment): Decision {
  switch (command.kind) {
    case 'mute': {
      const mute = muteOf(command, state, now);
      return mute === null
        ? { state, effects: [] }
        : rest({ ...state, hold: withMute(state.hold, mute) }, now);
    }
    case 'unmute':
      return { state: { ...state, hold: { ...state.hold, mutes: [] } }, effects: [] };
    case 'switch':
      return rest({ ...state, hold: { ...state.hold, isOff: !command.isOn } }, now);
    case 'pause':
    case 'resume':
    case 'cancel': {
      // With nothing printing a PAUSE would spoil the next print's.
      if (state.job === null) return { state, effects: [] };
      const effect: Effect = { kind: 'do-answer', incidentId: '', answer: command.kind };
      return { state, effects: [effect] };
    }
  }
}

function muteOf(
  command: Extract<WatchCommand, { kind: 'mute' }>,
  { job }: WatchState,
  now: Moment,
): Mute | null {
  switch (command.for.kind) {
    case 'minutes':
      return { kind: 'until', untilTickMs: now.tickMs + command.for.minutes * 60_000 };
    case 'print':
      return job === null ? null : { kind: 'print', job };
    case 'file':
      return job === null ? null : { kind: 'file', filename: job.filename };
  }
}

/** What had built up does not count once nobody looks any more; an alert that nothing was ordered for is taken back. */
function rest(state: WatchState, now: Moment): Decision {
  if (!isHeld(state.hold, state.job, now)) return { state, effects: [] };
  const { incident } = state;
  const resting: WatchState = {
    ...state,
    ...{ verdict: 'clear', trouble: null, evidence: noEvidence, blind: null },
  };
  if (incident === null || state.wasPaused || isUnderWay(incident)) return { state: resting, effects: [] };
  return { state: { ...resting, incident: null }, effects: [closeAlert(incident.id)] };
}

/** Whoever mutes for less than this before a print knows it yet. */
const soonOverMs = 3_600_000;

/** Whoever has switched watching off, or muted it for long, and forgotten it is told at the start of each print. */
export function remindOfHold(before: WatchState, decision: Decision, now: Moment): Decision {
  const { state, effects } = decision;
  const { job, hold } = state;
  if (job === null || (before.job !== null && isSameJob(before.job, job))) return decision;
  const leftMs = mutedMs(hold, job, now);
  if (hold.isOff) return { state, effects: [...effects, { kind: 'tell', notice: explainStillOff() }] };
  if (leftMs !== null && leftMs < soonOverMs) return decision;
  const notice = explainStillMuted(leftMs, mutedBy(hold, job, now)?.kind === 'file');
  return { state, effects: [...effects, { kind: 'tell', notice }] };
}
