// What a change of the print means for the watch: a new print, a resume by anybody, an end, a pause observed late.
import { afterPrint } from './background.ts';
import { dropCountdown, withCountdown } from './confirm.ts';
import { acceptScene } from './decide-answer.ts';
import { afterBreak, moonrakerBack, moonrakerGone } from './decide-blind.ts';
import { closeAlert, keepBedWarm, raiseAlert, restoreIdleTimeout } from './decide-effects.ts';
import { noEvidence } from './evidence.ts';
import { isBefore, isMacroPause } from './gates.ts';
import { holdAfterPrint } from './hold.ts';
import { asNotObserved, asObserved, type Incident, isWaved } from './incident.ts';
import { isSameJob } from './job.ts';
import type { Job, JobRef, Moment, Print } from './types.ts';
import {
  type AcceptedScene,
  type DecideOptions,
  type Decision,
  type Effect,
  initialWatchState,
  type WatchState,
} from './watch-state.ts';

/**
 * A pause of the file's own that ends this soon was ended by a macro: a timelapse parks the head for a picture at
 * each layer with PAUSE and RESUME. Nobody has looked then. Changing filament by hand takes longer.
 */
const macroPauseMs = 20_000;

type Paused = Extract<Print, { kind: 'paused' }>;
type NotReady = Extract<Print, { kind: 'not-ready' }>;
type Running = Extract<Print, { kind: 'heating' | 'printing' }>;

/** One step for a changed print. While Klipper is not ready nothing is concluded: the print may well be alive. */
export function printChanged(state: WatchState, print: Print, now: Moment, options: DecideOptions): Decision {
  switch (print.kind) {
    case 'not-ready':
      return { state: outOfSight(state, print, now), effects: [] };
    case 'idle':
    case 'ended':
      return endPrint(state, print, now);
    case 'heating':
    case 'printing':
      return inJob(state, print.job, now, (known) => running(known, print, now, options));
    case 'paused':
      return inJob(state, print.job, now, (known) => paused(known, print, now, options));
  }
}

/** What a state from disk is worth: an action that was under way is never done again. */
export function afterRestart(state: WatchState, now: Moment): WatchState {
  const { incident } = state;
  const resting: WatchState = { ...state, isPrinting: false, blind: null };
  if (incident === null) return resting;
  const { action } = incident;
  const wasOut = action !== null && (action.state === 'requested' || action.state === 'delayed');
  const known: Incident = wasOut ? { ...incident, action: { ...action, state: 'orphaned' } } : incident;
  return {
    ...resting,
    incident: { ...known, lastSeenTickMs: now.tickMs },
    isAlertDue: incident.answer !== 'seen' || incident.confirmUntilTickMs !== undefined,
  };
}

/** Moonraker forgets its prompts when it restarts, and what was raised meanwhile has reached nobody. */
function outOfSight(state: WatchState, { why, message }: NotReady, now: Moment): WatchState {
  const { incident } = state;
  const isShown =
    incident !== null && (incident.answer === null || incident.confirmUntilTickMs !== undefined);
  const isAlertDue = state.isAlertDue || isShown;
  const blind = why === 'no-moonraker' ? moonrakerGone(state, message, now) : afterBreak(state.blind);
  return { ...state, isPrinting: false, blind, isAlertDue };
}

function inJob(state: WatchState, job: Job, now: Moment, step: (known: WatchState) => Decision): Decision {
  const ref: JobRef = { filename: job.filename, startTickMs: job.startTickMs };
  if (state.job !== null && isSameJob(state.job, ref)) {
    return step({ ...state, blind: moonrakerBack(state.blind) });
  }
  const ended = endPrint(state, null, now);
  const left = ended.state.incident;
  // The alert of a cancelled print stays until somebody has seen it, or the next print begins.
  const closing = left === null ? [] : [closeAlert(left.id)];
  const begun = step({
    ...initialWatchState,
    hold: holdAfterPrint(state.hold, ref),
    drawn: ended.state.drawn,
    shadow: ended.state.shadow,
    backgrounds: ended.state.backgrounds,
    view: ended.state.view,
    job: ref,
  });
  return { state: begun.state, effects: [...ended.effects, ...closing, ...begun.effects] };
}

/** @param print what was seen of the end; null when another print runs already */
function endPrint(state: WatchState, print: Print | null, now: Moment): Decision {
  const { job, incident } = state;
  const hasEndedWell = print?.kind === 'ended' && print.how === 'complete' && state.incidentCount === 0;
  const backgrounds = state.backgrounds.map((each) => afterPrint(each, hasEndedWell));
  const resting: WatchState = {
    ...initialWatchState,
    hold: holdAfterPrint(state.hold, null),
    drawn: state.drawn,
    shadow: state.shadow,
    backgrounds,
    view: state.view,
    incident: incidentAfterEnd(state, print),
  };
  const effects: Effect[] = [];
  if (incident !== null && resting.incident === null) effects.push(closeAlert(incident.id));
  if (state.isAlertDue && resting.incident !== null && print !== null) {
    effects.push(raiseAlert(resting, resting.incident, now));
  }
  effects.push(...restoreIdleTimeout(state.idleTimeoutBeforeS));
  if (job !== null) effects.push({ kind: 'end-print', job });
  return { state: resting, effects };
}

/** The incident of a print that we have cancelled, or are cancelling, outlives it: somebody must hear of it. */
function incidentAfterEnd({ incident }: WatchState, print: Print | null): Incident | null {
  if (incident?.action?.what !== 'cancel' || incident.answer !== null) return null;
  switch (incident.action.state) {
    case 'requested':
    case 'delayed':
    case 'done':
      return incident;
    case 'orphaned': {
      const isCancelled = print?.kind === 'ended' && print.how === 'cancelled';
      return isCancelled ? asObserved(incident) : null;
    }
    case 'failed':
      return null;
  }
}

function running(state: WatchState, print: Running, now: Moment, options: DecideOptions): Decision {
  // What a look from before a macro's pause has shown must not act in the middle of the macro.
  const isPrinting = print.kind === 'printing' && !isMacroPause(print.pauseFlag);
  const next: WatchState = { ...state, isPrinting, wasPaused: false, filePauseTickMs: null };
  if (!state.wasPaused) return showDueAlert(next, now, options);
  if (isUnattended(state, now)) return goOnUnattended(next, now, options);
  // Resuming, by anyone and from anywhere, means "I have looked".
  const { incident } = state;
  const closing = incident === null ? [] : [closeAlert(incident.id)];
  const resumed: WatchState = {
    ...next,
    verdict: 'clear',
    incident: null,
    isAlertDue: false,
    trouble: null,
    evidence: noEvidence,
    accepted: acceptedOnResume(state),
    quietUntilTickMs: now.tickMs + options.resumeMuteMs,
    blind: afterBreak(state.blind),
    idleTimeoutBeforeS: null,
  };
  return { state: resumed, effects: [...closing, ...restoreIdleTimeout(state.idleTimeoutBeforeS)] };
}

function isUnattended({ filePauseTickMs, incident }: WatchState, now: Moment): boolean {
  return filePauseTickMs !== null && isBefore(now, filePauseTickMs + macroPauseMs) && !isWaved(incident);
}

/** A macro has ended the file's own pause. If ours fell into it, the print runs on as though we had done nothing. */
function goOnUnattended(state: WatchState, now: Moment, options: DecideOptions): Decision {
  const restoring = restoreIdleTimeout(state.idleTimeoutBeforeS);
  const going: WatchState = { ...state, idleTimeoutBeforeS: null };
  const { incident } = state;
  if (incident?.action?.what !== 'pause' || incident.action.state !== 'done') {
    const shown = showDueAlert(going, now, options);
    return { state: shown.state, effects: [...restoring, ...shown.effects] };
  }
  const message = 'a macro in the file had paused the print just then and has resumed it';
  const undone = asNotObserved(incident, message);
  const next: WatchState = { ...going, incident: undone, isAlertDue: false };
  return { state: next, effects: [...restoring, raiseAlert(next, undone, now)] };
}

function acceptedOnResume({ incident, trouble, last, accepted }: WatchState): AcceptedScene | null {
  const score = incident?.score ?? (trouble === null ? null : last?.assessment.score);
  // Where nothing was wrong there is nothing new to accept: later trouble is new.
  return score == null ? accepted : acceptScene(accepted, score);
}

function paused(state: WatchState, { by }: Paused, now: Moment, options: DecideOptions): Decision {
  const filePauseTickMs = state.wasPaused ? state.filePauseTickMs : by === 'file' ? now.tickMs : null;
  // A park for a picture is no break: an outage lasts on through it.
  const blind = by === 'file' ? state.blind : afterBreak(state.blind);
  const next: WatchState = { ...state, isPrinting: false, wasPaused: true, filePauseTickMs, blind };
  const { incident } = state;
  if (by !== 'file' && incident?.confirmUntilTickMs !== undefined) {
    return dropCountdown({ ...next, isAlertDue: false }, incident, now);
  }
  const isLate = incident?.action?.what === 'pause' && incident.action.state === 'failed';
  if (!isLate || by === 'file') {
    const shown = showDueAlert(next, now, options);
    // The question, with its own buttons, is for when the print goes on.
    const isQuestionDue = next.isAlertDue && incident?.confirmUntilTickMs !== undefined;
    return { ...shown, state: { ...shown.state, isAlertDue: isQuestionDue } };
  }
  // Given up as not observed, and now it is: whoever did it, the print is safe and the alert must say so.
  const late: Incident = { ...asObserved(incident), answer: null };
  const settled: WatchState = { ...next, incident: late, isAlertDue: false };
  return { state: settled, effects: [raiseAlert(settled, late, now), ...keepBedWarm(settled, late)] };
}

/**
 * Shows the open alert again after a break, with what has become of an action that a process before us had asked
 * for. It is never asked for again: paused means that it was done after all, printing that the user must look.
 */
function showDueAlert(state: WatchState, now: Moment, options: DecideOptions): Decision {
  const { incident } = state;
  const rested: WatchState = { ...state, isAlertDue: false };
  if (!state.isAlertDue || incident === null) return { state: rested, effects: [] };
  const action = incident.action?.state ?? null;
  // The end of the action will raise it.
  if (action === 'requested' || action === 'delayed') return { state: rested, effects: [] };
  if (incident.answer === 'pause' && state.wasPaused) return { state: rested, effects: [] };
  if (isWaved(incident) && !state.wasPaused) {
    return { state: { ...rested, incident: null }, effects: [closeAlert(incident.id)] };
  }
  // An answer that was being carried out when we were stopped has come to nothing: it can be given again.
  const known: Incident = { ...settleOrphan(incident, state.wasPaused), answer: null };
  // Nobody could read the question meanwhile: it is asked anew, for the whole time.
  const settled = known.confirmUntilTickMs === undefined ? known : withCountdown(known, now, options);
  const shown: WatchState = { ...rested, incident: settled };
  const wasOrphan = incident.action?.state === 'orphaned';
  const warm = wasOrphan ? keepBedWarm(shown, settled) : [];
  return { state: shown, effects: [raiseAlert(shown, settled, now), ...warm] };
}

function settleOrphan(incident: Incident, isPaused: boolean): Incident {
  if (incident.action?.state !== 'orphaned') return incident;
  if (!isPaused) {
    return asNotObserved(
      incident,
      'moonraker-lookout was restarted while it waited, and the print still runs',
    );
  }
  if (incident.action.what !== 'cancel') return asObserved(incident);
  return asNotObserved(
    incident,
    'moonraker-lookout was restarted while it waited, and the print is only paused',
  );
}
