// `mode: shadow`: everything is decided as ever and nothing is done; what would have been is asked about when the print ends.
import { taughtHeat, teachLate, withBackground } from './background.ts';
import { closeAlert } from './decide-effects.ts';
import { explainQuestion } from './explain-shadow.ts';
import { type Incident, isJudged, isShadow } from './incident.ts';
import {
  isShownQuestion,
  noShadow,
  questionOf,
  type Shadow,
  tidyHeats,
  withoutQuestion,
  withQuestion,
} from './shadow-state.ts';
import type { Answer, Moment, OnFailure } from './types.ts';
import type { DecideOptions, Decision, Effect, WatchInput, WatchState } from './watch-state.ts';

/** The incident is failing, and this would be done about it. Once, as an action would be. */
export function noteFailure(state: WatchState, incident: Incident, what: OnFailure, now: Moment): Decision {
  const wouldHave = { what, at: now };
  const failing: Incident = { ...incident, level: 'failing', isAccepted: false, answer: null, wouldHave };
  return {
    state: { ...state, incident: failing },
    effects: [{ kind: 'note-would-have', incidentId: incident.id, what }],
  };
}

/** The last part of every step: an incident of shadow mode stays silent, and is asked about when the print is over. */
export function inShadow(before: WatchState, input: WatchInput, decision: Decision, now: Moment): Decision {
  const silent = silentIds(before, decision.state);
  if (silent.length === 0 && decision.state.shadow.questions.length === 0) return decision;
  const effects =
    silent.length === 0 ? decision.effects : decision.effects.filter((effect) => !isAlertOf(effect, silent));
  const shadow = shadowAfter(before, decision.state);
  const isSilent = decision.state.incident !== null && isShadow(decision.state.incident);
  const state: WatchState = {
    ...decision.state,
    shadow,
    // Nothing was shown that a restart could have taken away.
    isAlertDue: decision.state.isAlertDue && !isSilent,
  };
  return ask(state, effects, input, now);
}

function silentIds(before: WatchState, after: WatchState): string[] {
  return [before.incident, after.incident].flatMap((incident) =>
    incident !== null && isShadow(incident) ? [incident.id] : [],
  );
}

function isAlertOf(effect: Effect, ids: readonly string[]): boolean {
  switch (effect.kind) {
    case 'raise-alert':
      return ids.includes(effect.alert.incidentId);
    case 'close-alert':
    case 'read-objects':
      return ids.includes(effect.incidentId);
    default:
      return false;
  }
}

function shadowAfter({ incident: left }: WatchState, { incident, last, shadow }: WatchState): Shadow {
  const isOver = left !== null && isShadow(left) && incident?.id !== left.id;
  const asking = isOver && !isJudged(left) ? withQuestion(shadow, left) : shadow;
  // A backend that decides for itself learns nothing here.
  const isNews =
    incident !== null && isShadow(incident) && (left?.id !== incident.id || incident.score > left.score);
  if (!isNews || last === null || last.assessment.suggests !== null) return tidyHeats(asking, incident);
  const heats = { ...asking.heats, [incident.id]: taughtHeat(last.assessment) };
  return tidyHeats({ ...asking, heats }, incident);
}

/** Asks once the print is over, one question at a time, and takes the question back while another print runs. */
function ask(state: WatchState, effects: readonly Effect[], input: WatchInput, now: Moment): Decision {
  const { shadow, job, incident } = state;
  const [first] = shadow.questions;
  if (first === undefined) return { state, effects };
  const print = input.kind === 'print-changed' ? input.print : null;
  if (job !== null || print?.kind === 'not-ready') {
    const resting = { ...state, shadow: { ...shadow, isAsked: false } };
    // A Moonraker that is away has forgotten it.
    const isShown = shadow.isAsked && job !== null;
    return { state: resting, effects: isShown ? [...effects, closeAlert(first.id)] : effects };
  }
  const isTime = input.kind === 'answered' || print !== null;
  if (!isTime || shadow.isAsked || incident !== null) return { state, effects };
  const alert = explainQuestion(first, shadow.questions.length - 1, now);
  return {
    state: { ...state, shadow: { ...shadow, isAsked: true } },
    effects: [...effects, { kind: 'raise-alert', alert }],
  };
}

/** One step for an answer to what shadow mode saw; null where it is about something else. */
export function answeredInShadow(state: WatchState, answer: Answer, id: string | null): Decision | null {
  const { incident, shadow } = state;
  const isJudgement = answer === 'right' || answer === 'wrong';
  if (incident !== null && isShadow(incident) && (id === null || id === incident.id)) {
    // Nothing was done that it could be an answer to.
    if (!isJudgement) return { state, effects: [] };
    return { state: { ...taught(state, incident, answer), incident: { ...incident, answer } }, effects: [] };
  }
  const question = incident !== null && id === null ? null : questionOf(shadow, id);
  if (question === null || !(isJudgement || answer === 'seen')) return null;
  const effects = isShownQuestion(shadow, question.id) ? [closeAlert(question.id)] : [];
  // Whoever closes the dialog does not want the next one; what was asked can still be answered by its record.
  if (!isJudgement) return { state: { ...state, shadow: noShadow }, effects };
  const known = taught(state, question, answer);
  return { state: { ...known, shadow: withoutQuestion(shadow, question.id) }, effects };
}

/** What was wrong belongs to the scene, as after "false alarm". */
function taught(state: WatchState, { id, backend }: Incident, answer: 'right' | 'wrong'): WatchState {
  const { backgrounds, shadow } = state;
  const heat = shadow.heats[id];
  const background = backgrounds.find((each) => each.backend === backend);
  if (answer === 'right' || heat === undefined || background === undefined) return state;
  return { ...state, backgrounds: withBackground(backgrounds, teachLate(background, heat)) };
}

/** The mode was changed since: what the other one had begun is over, unless something was done that is still to be answered. */
export function leaveMode(state: WatchState, { mode }: DecideOptions): Decision {
  const { incident } = state;
  if (incident === null || incident.action !== null || isShadow(incident) === (mode === 'shadow')) {
    return { state, effects: [] };
  }
  return { state: { ...state, incident: null }, effects: [closeAlert(incident.id)] };
}

/** The alert or the question that is open; null while none is. */
export function shownId({ incident, shadow }: WatchState): string | null {
  const shown = incident ?? (shadow.isAsked ? shadow.questions[0] : undefined);
  return shown?.id ?? null;
}
