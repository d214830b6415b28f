// What a change of the print means for the watch: a new print, a resume by anybody, an end, a pause observed late.
import { explainAlert } from './explain.ts';
import { type Incident, withOutcome } from './incident.ts';
import { isSameJob } from './job.ts';
import { type JobRef, type Moment, type Print, toScore } from './types.ts';
import {
  type AcceptedScene,
  type DecideOptions,
  type Decision,
  type Effect,
  initialWatchState,
  type WatchState,
} from './watch-state.ts';

/** One step for a changed print. While Klipper is not ready nothing is concluded: the print may well be alive. */
export function printChanged(state: WatchState, print: Print, now: Moment, options: DecideOptions): Decision {
  switch (print.kind) {
    case 'not-ready':
      return { state: { ...state, isPrinting: false, blind: null }, effects: [] };
    case 'idle':
    case 'ended':
      return endPrint(state);
    case 'heating':
    case 'printing': {
      const begun = beginIfNew(state, print.job);
      return goesOn(begun, print.kind === 'printing', now, options);
    }
    case 'paused': {
      const begun = beginIfNew(state, print.job);
      return isPaused(begun, now);
    }
  }
}

/** What a state from disk is worth: an action that was under way is never done again. */
export function afterRestart(state: WatchState): WatchState {
  const { incident } = state;
  const resting: WatchState = {
    ...state,
    isPrinting: false,
    blind: null,
    isAlertDue: incident !== null && incident.answer === null,
  };
  const action = incident?.action ?? null;
  const isOpen = action !== null && (action.state === 'requested' || action.state === 'delayed');
  if (incident === null || !isOpen) return resting;
  return { ...resting, incident: { ...incident, action: { ...action, state: 'orphaned' } } };
}

function beginIfNew(state: WatchState, job: JobRef): Decision {
  const ref: JobRef = { filename: job.filename, startTickMs: job.startTickMs };
  if (state.job !== null && isSameJob(state.job, ref)) return { state, effects: [] };
  const ended = endPrint(state);
  const effects: Effect[] = [...ended.effects];
  const left = ended.state.incident;
  // The alert of a cancelled print stays until somebody has seen it, or the next print begins.
  if (left !== null) effects.push({ kind: 'close-alert', incidentId: left.id });
  return { state: { ...initialWatchState, job: ref }, effects };
}

function endPrint(state: WatchState): Decision {
  const { job, incident } = state;
  if (job === null) return { state: { ...state, isPrinting: false }, effects: [] };
  const effects: Effect[] = [];
  const staysOpen = incident?.action?.what === 'cancel' && incident.answer === null;
  if (incident !== null && !staysOpen) effects.push({ kind: 'close-alert', incidentId: incident.id });
  effects.push(...restoreIdleTimeout(state), { kind: 'end-print', job });
  return { state: { ...initialWatchState, incident: staysOpen ? incident : null }, effects };
}

function restoreIdleTimeout(state: WatchState): Effect[] {
  const seconds = state.idleTimeoutBeforeS;
  return seconds === null ? [] : [{ kind: 'set-idle-timeout', seconds }];
}

function goesOn(begun: Decision, isPrinting: boolean, now: Moment, options: DecideOptions): Decision {
  const { state } = begun;
  if (!state.wasPaused) return showDueAlert({ ...begun, state: { ...state, isPrinting } }, false, now);
  // Resuming, by anyone and from anywhere, means "I have looked".
  const { incident } = state;
  const effects: Effect[] = [...begun.effects];
  if (incident !== null) effects.push({ kind: 'close-alert', incidentId: incident.id });
  effects.push(...restoreIdleTimeout(state));
  const resumed: WatchState = {
    ...state,
    isPrinting,
    wasPaused: false,
    verdict: 'clear',
    incident: null,
    isAlertDue: false,
    trouble: null,
    accepted: acceptedOnResume(state),
    quietUntilTickMs: now.tickMs + options.resumeMuteMs,
    idleTimeoutBeforeS: null,
  };
  return { state: resumed, effects };
}

function acceptedOnResume(state: WatchState): AcceptedScene | null {
  const { incident, trouble, last } = state;
  // Where nothing was wrong there is nothing new to accept: later trouble is new.
  if (incident === null && trouble === null) return state.accepted;
  const score = incident?.score ?? last?.assessment.score ?? toScore(0);
  return { score, hasCleared: false, isTold: false };
}

function isPaused(begun: Decision, now: Moment): Decision {
  const state: WatchState = { ...begun.state, isPrinting: false, wasPaused: true, blind: null };
  return showDueAlert({ ...begun, state }, true, now);
}

/**
 * After a restart: shows the open alert again, with what has become of an action that we had asked for. It is
 * never asked for again: paused means that it was done after all, printing that the user must look.
 */
function showDueAlert(begun: Decision, isPrintPaused: boolean, now: Moment): Decision {
  const { state } = begun;
  if (!state.isAlertDue || state.incident === null) return begun;
  const settled = settleOrphan(state.incident, isPrintPaused);
  return {
    state: { ...state, incident: settled, isAlertDue: false },
    effects: [...begun.effects, { kind: 'raise-alert', alert: explainAlert(settled, now) }],
  };
}

function settleOrphan(incident: Incident, isPrintPaused: boolean): Incident {
  if (incident.action?.state !== 'orphaned') return incident;
  if (isPrintPaused) return withOutcome(incident, { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null });
  const message = 'moonraker-lookout was restarted while it waited, and the print still runs';
  return withOutcome(incident, { kind: 'failed', code: 'PAUSE_NOT_OBSERVED', message });
}
