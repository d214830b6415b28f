// What a person's answer does: pause, let it go on, cancel, or only close the alert; and what came of it.
import { type Background, teach, withBackground } from './background.ts';
import { closeAlert, raiseAlert, restoreIdleTimeout } from './decide-effects.ts';
import { noEvidence } from './evidence.ts';
import { explainAnswerDelayed, explainAnswerFailed } from './explain.ts';
import {
  type Incident,
  isIncidentId,
  isOrdered,
  isPausedByUs,
  isUnderWay,
  isWaved,
  withoutObject,
} from './incident.ts';
import type { ActionOutcome, Answer, Moment, Score } from './types.ts';
import type {
  AcceptedScene,
  DecideOptions,
  Decision,
  Effect,
  WatchInput,
  WatchState,
} from './watch-state.ts';

/** One step for an answer, from whichever channel. An answer to an alert that is over touches nothing. */
export function answered(
  state: WatchState,
  answer: Answer,
  id: string | null,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { incident } = state;
  if (incident === null || (id !== null && id !== incident.id)) {
    return { state, effects: id !== null && isIncidentId(id) ? [closeAlert(id)] : [] };
  }
  const close = closeAlert(incident.id);
  // With nothing printing there is nothing left to do; a PAUSE then would spoil the next print's.
  if (state.job === null) return { state: { ...state, incident: null }, effects: [close] };
  // A button pressed twice is one answer: the first is being carried out.
  if (incident.answer === answer) return { state, effects: [close] };
  switch (answer) {
    case 'skip-object':
      return skipObject(state, incident);
    case 'seen':
      // Closing a dialog that is answered already takes nothing back of what was ordered.
      if (incident.answer !== null) return { state, effects: [close] };
      return { state: { ...state, incident: { ...incident, answer } }, effects: [close] };
    case 'pause':
    case 'cancel':
      // Our own order is out already, and its end will be told, whatever was answered before.
      if (isOrdered(incident, answer)) {
        return { state: { ...state, incident: { ...incident, answer: null } }, effects: [close] };
      }
      return {
        state: { ...state, incident: { ...incident, answer } },
        effects: [close, { kind: 'do-answer', incidentId: incident.id, answer }],
      };
    // They judge what was not done; here something was, or may yet be.
    case 'right':
    case 'wrong':
      return { state, effects: [] };
    case 'resume':
    case 'false-alarm':
    case 'ignore':
      return letGoOn(state, incident, answer, now, options);
  }
}

/** An answer that lets the print go on. */
type Wave = 'resume' | 'false-alarm' | 'ignore' | 'skip-object';

/** The person lets the print go on. What is accepted then is what they saw. */
function letGoOn(
  state: WatchState,
  incident: Incident,
  answer: Wave,
  now: Moment,
  options: DecideOptions,
): Decision {
  const close = closeAlert(incident.id);
  // Muted from the answer on, and anew from the resume on: whatever becomes of the resume, this has been looked at.
  const accepted = { ...accept(state, incident, now, options), backgrounds: taught(state, answer) };
  const waved: WatchState = { ...accepted, incident: { ...incident, answer } };
  // Our pause is on its way and cannot be called back: it is undone as soon as it is done.
  if (isUnderWay(incident)) return { state: waved, effects: [close] };
  // "False alarm" ends our own pause only: the hands of whoever made another may be in the printer.
  const isResume = answer === 'resume' ? state.wasPaused : isPausedByUs(incident, state.wasPaused);
  // Whoever has let it go on before is served already: the resume is out.
  if (isResume) return { state: waved, effects: isWaved(incident) ? [close] : [close, resume(incident)] };
  return { state: { ...accepted, incident: null }, effects: [close] };
}

/** What is accepted is the worst that was looked at; while the trouble lasts, less of it later does not lower that. */
export function acceptScene(before: AcceptedScene | null, score: Score): AcceptedScene {
  const isWorst = before === null || before.hasCleared || score > before.score;
  return { score: isWorst ? score : before.score, hasCleared: false, isTold: false };
}

/** "False alarm" says that what is seen belongs to the scene; "resume" may also mean that it has been mended. */
function taught({ backgrounds, last }: WatchState, answer: Wave): readonly Background[] {
  if (answer !== 'false-alarm' || last === null) return backgrounds;
  const { assessment } = last;
  // A backend that decides for itself has none.
  const background = backgrounds.find(({ backend }) => backend === assessment.backend);
  if (background === undefined) return backgrounds;
  return withBackground(backgrounds, teach(background, assessment));
}

/** The person wants this object left out. Only what was offered can be. */
function skipObject(state: WatchState, incident: Incident): Decision {
  const { id, object } = incident;
  if (object === undefined) return { state, effects: [] };
  return {
    state: { ...state, incident: { ...incident, answer: 'skip-object' } },
    effects: [closeAlert(id), { kind: 'skip-object', incidentId: id, object }],
  };
}

/** It is left out: the print goes on without it, and what is still seen of it is accepted. */
function objectSkipped(state: WatchState, incidentId: string, now: Moment, options: DecideOptions): Decision {
  const { incident } = state;
  if (incident === null || incident.id !== incidentId || state.job === null) return { state, effects: [] };
  const without = withoutObject(incident);
  if (incident.answer === 'skip-object') {
    return letGoOn(state, { ...without, answer: null }, 'skip-object', now, options);
  }
  const next = { ...state, incident: without };
  return { state: next, effects: without.answer === null ? [raiseAlert(next, without, now)] : [] };
}

function accept(state: WatchState, incident: Incident, now: Moment, options: DecideOptions): WatchState {
  return {
    ...state,
    verdict: 'clear',
    trouble: null,
    evidence: noEvidence,
    accepted: acceptScene(state.accepted, incident.score),
    quietUntilTickMs: now.tickMs + options.resumeMuteMs,
  };
}

function resume(incident: Incident): Effect {
  return { kind: 'do-answer', incidentId: incident.id, answer: 'resume' };
}

/** The action has ended of an incident that a person had waved through before. */
export function wavedThrough(state: WatchState, incident: Incident): Decision {
  if (isPausedByUs(incident, state.wasPaused)) return { state, effects: [resume(incident)] };
  return { state: { ...state, incident: null }, effects: [] };
}

type AnswerFinished = Extract<WatchInput, { kind: 'answer-finished' }>;

/** One step for the end of what an answer ordered. */
export function answerFinished(
  state: WatchState,
  finished: AnswerFinished,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { incidentId: id, answer, outcome } = finished;
  if (outcome.kind === 'done' && answer === 'skip-object') return objectSkipped(state, id, now, options);
  if (outcome.kind === 'done') return answerDone(state, finished);
  if (outcome.kind === 'delayed') {
    return { state, effects: [{ kind: 'tell', notice: explainAnswerDelayed(answer, outcome.waitedMs) }] };
  }
  const tell: Effect = { kind: 'tell', notice: explainAnswerFailed(answer, outcome.message) };
  const { incident } = state;
  const isLatest = incident?.answer === answer || (answer === 'resume' && isWaved(incident));
  if (incident === null || incident.id !== id || !isLatest) return { state, effects: [tell] };
  // The buttons were taken away with the answer: without them the user could not try again.
  const open: Incident = { ...incident, answer: null };
  return { state: { ...state, incident: open }, effects: [tell, raiseAlert(state, open, now)] };
}

function answerDone(state: WatchState, { incidentId: id, outcome }: AnswerFinished): Decision {
  const kept = keepIdleTimeout(state, id, outcome);
  // It prints, and its pause was too short to be seen: there is no resume to come that would end the incident.
  const isOver = state.incident?.id === id && isWaved(state.incident) && !state.wasPaused;
  return isOver ? { state: { ...kept.state, incident: null }, effects: kept.effects } : kept;
}

/**
 * Remembers Klipper's own idle timeout when a pause of ours has replaced it. The first value counts: what a second
 * pause found was ours. A pause that is over before we hear of it is cleaned up at once.
 */
export function keepIdleTimeout(state: WatchState, incidentId: string, outcome: ActionOutcome): Decision {
  if (outcome.kind !== 'done' || outcome.idleTimeoutBeforeS === null) return { state, effects: [] };
  const seconds = state.idleTimeoutBeforeS ?? outcome.idleTimeoutBeforeS;
  const isOver = state.incident?.id !== incidentId && !state.wasPaused;
  if (!isOver) return { state: { ...state, idleTimeoutBeforeS: seconds }, effects: [] };
  return { state: { ...state, idleTimeoutBeforeS: null }, effects: restoreIdleTimeout(seconds) };
}
