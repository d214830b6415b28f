// The decision core: what happened → what is known now and what is to be done. Pure; safety rules 1 to 3 live here.
import { afterRestart, printChanged } from './decide-print.ts';
import { explainAlert, explainBlind, explainDelay, explainSighted } from './explain.ts';
import { isBefore } from './gates.ts';
import { type Incident, incidentId, withOutcome } from './incident.ts';
import { isSameJob } from './job.ts';
import type { Answer, Assessment, Fault, Moment, Verdict } from './types.ts';
import type { DecideOptions, Decision, Effect, WatchInput, WatchState } from './watch-state.ts';

/** A warning that has been gone for this long is over; a new one is a new incident. */
const incidentOverMs = 180_000;
/** An accepted scene has grown when its score rises by this much; smaller changes are noise. */
const grownBy = 0.15;
/** Quality of 5 and less is "monitoring a possible issue" in the only scale there is (OctoEverywhere). */
const watchedQuality = 5;
/** For backends without that scale. */
const watchedScore = 0.5;

/**
 * One step. `now` is the moment of the input. A fault never raises a verdict or an action, and an incident never
 * gets a second automatic action.
 */
export function decide(state: WatchState, input: WatchInput, now: Moment, options: DecideOptions): Decision {
  switch (input.kind) {
    case 'print-changed':
      return printChanged(state, input.print, now, options);
    case 'frame-assessed':
      return frameAssessed(state, input, now, options);
    case 'frame-missed':
      return frameMissed(state, input.fault, now, options);
    case 'action-finished':
      return actionFinished(state, input, now);
    case 'answered':
      return answered(state, input.answer, input.incidentId, now, options);
    case 'answer-finished':
      return answerFinished(state, input, now);
    case 'time-passed':
      return timePassed(state, now, options);
    case 'restarted':
      return { state: afterRestart(state), effects: [] };
  }
}

type Assessed = Extract<WatchInput, { kind: 'frame-assessed' }>;

function frameAssessed(state: WatchState, input: Assessed, now: Moment, options: DecideOptions): Decision {
  // A late answer for a print that has ended, or was paused meanwhile, says nothing about what happens now.
  if (state.job === null || !isSameJob(state.job, input.job) || !state.isPrinting)
    return { state, effects: [] };
  const { assessment } = input;
  const effects: Effect[] = [];
  if (state.blind?.isTold === true) effects.push({ kind: 'tell', notice: explainSighted(state.blind, now) });
  const verdict = verdictOf(assessment);
  const hasTrouble = verdict === 'warning' || verdict === 'failing';
  const seen: WatchState = {
    ...state,
    verdict,
    last: { assessment, at: now },
    blind: null,
    trouble: verdict === 'clear' ? null : (state.trouble ?? { since: now, layer: input.layer }),
    accepted:
      state.accepted === null || hasTrouble ? state.accepted : { ...state.accepted, hasCleared: true },
    incident: state.incident === null ? null : worse(state.incident, assessment, hasTrouble, now),
  };
  if (!hasTrouble) return closeIfOver(seen, effects, now);
  if (isBefore(now, seen.quietUntilTickMs)) return { state: seen, effects };
  return react(seen, effects, verdict, now, options);
}

/** The verdict of one assessment by a backend that decides for itself (design rule 5). */
export function verdictOf(assessment: Assessment): Verdict {
  if (assessment.suggests?.isFailing === true) return 'failing';
  if (assessment.suggests?.isWarning === true) return 'warning';
  const isWatched =
    assessment.quality === null ? assessment.score >= watchedScore : assessment.quality <= watchedQuality;
  return isWatched ? 'watching' : 'clear';
}

function worse(incident: Incident, assessment: Assessment, hasTrouble: boolean, now: Moment): Incident {
  if (!hasTrouble) return incident;
  const { score, quality } = assessment;
  const isWorse = score > incident.score;
  return {
    ...incident,
    score: isWorse ? score : incident.score,
    quality: isWorse ? quality : incident.quality,
    lastSeenTickMs: now.tickMs,
  };
}

/** Trouble is seen and we are not asked to be quiet. */
function react(
  state: WatchState,
  effects: Effect[],
  verdict: Verdict,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { accepted, last, incident } = state;
  const hasGrown = accepted !== null && last !== null && last.assessment.score >= accepted.score + grownBy;
  const isAccepted = accepted !== null && !accepted.hasCleared && !hasGrown;
  if (incident === null) {
    if (isAccepted && accepted.isTold) return { state, effects };
    const level = verdict === 'failing' && !isAccepted ? 'failing' : 'warning';
    const opened = open(state, level, isAccepted, now);
    return escalate(opened.state, opened.incident, effects, now, options);
  }
  const mayEscalate = incident.level === 'warning' && verdict === 'failing' && !isAccepted;
  if (!mayEscalate) return { state, effects };
  const failing: Incident = { ...incident, level: 'failing', isAccepted: false };
  return escalate({ ...state, incident: failing }, failing, effects, now, options);
}

function open(
  state: WatchState,
  level: 'warning' | 'failing',
  isAccepted: boolean,
  now: Moment,
): { state: WatchState; incident: Incident } {
  const { job, last } = state;
  if (job === null || last === null) throw new TypeError('an incident needs a print and an assessment');
  const count = state.incidentCount + 1;
  const incident: Incident = {
    id: incidentId(job, count),
    job,
    level,
    openedAt: now,
    troubleSince: state.trouble?.since ?? now,
    layer: state.trouble?.layer ?? null,
    backend: last.assessment.backend,
    score: last.assessment.score,
    quality: last.assessment.quality,
    lastSeenTickMs: now.tickMs,
    action: null,
    answer: null,
    isAccepted,
  };
  const accepted =
    isAccepted && state.accepted !== null ? { ...state.accepted, isTold: true } : state.accepted;
  return { state: { ...state, incident, incidentCount: count, accepted }, incident };
}

/** Does what the level of the incident asks for; a failing incident gets its one action here and nowhere else. */
function escalate(
  state: WatchState,
  incident: Incident,
  effects: Effect[],
  now: Moment,
  options: DecideOptions,
): Decision {
  if (incident.level === 'warning') {
    return { state, effects: [...effects, { kind: 'raise-alert', alert: explainAlert(incident, now) }] };
  }
  if (incident.action !== null) return { state, effects };
  const what = options.onFailure;
  const isAlertOnly = what === 'alert';
  const action = { what, state: isAlertOnly ? 'done' : 'requested', requestedAt: now, message: '' } as const;
  const acting: Incident = { ...incident, action };
  const effect: Effect = isAlertOnly
    ? { kind: 'raise-alert', alert: explainAlert(acting, now) }
    : { kind: 'take-action', incidentId: incident.id, action: what };
  return { state: { ...state, incident: acting }, effects: [...effects, effect] };
}

function frameMissed(state: WatchState, fault: Fault, now: Moment, options: DecideOptions): Decision {
  const blind = { since: state.blind?.since ?? now, fault, isTold: state.blind?.isTold ?? false };
  return tellIfBlind({ ...state, blind }, [], now, options);
}

function tellIfBlind(state: WatchState, effects: Effect[], now: Moment, options: DecideOptions): Decision {
  const { blind } = state;
  if (blind === null || blind.isTold || !state.isPrinting) return { state, effects };
  const isLong = now.tickMs - blind.since.tickMs >= options.blindAfterMs;
  if (!isLong && !blind.fault.isPermanent) return { state, effects };
  const told = { ...state, blind: { ...blind, isTold: true } };
  return { state: told, effects: [...effects, { kind: 'tell', notice: explainBlind(blind, now) }] };
}

type Finished = Extract<WatchInput, { kind: 'action-finished' }>;

function actionFinished(state: WatchState, { incidentId: id, outcome }: Finished, now: Moment): Decision {
  const idleTimeoutBeforeS =
    outcome.kind === 'done'
      ? (outcome.idleTimeoutBeforeS ?? state.idleTimeoutBeforeS)
      : state.idleTimeoutBeforeS;
  const known = { ...state, idleTimeoutBeforeS };
  const { incident } = state;
  if (incident === null || incident.id !== id) return { state: known, effects: [] };
  const told = withOutcome(incident, outcome);
  const next = { ...known, incident: told };
  if (outcome.kind === 'delayed') {
    return { state: next, effects: [{ kind: 'tell', notice: explainDelay(outcome.waitedMs) }] };
  }
  return { state: next, effects: [{ kind: 'raise-alert', alert: explainAlert(told, now) }] };
}

function answered(
  state: WatchState,
  answer: Answer,
  id: string | null,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { incident } = state;
  if (incident === null || (id !== null && id !== incident.id)) {
    // The button of an alert that is over: take it away, and touch nothing.
    return { state, effects: id === null ? [] : [{ kind: 'close-alert', incidentId: id }] };
  }
  const close: Effect = { kind: 'close-alert', incidentId: incident.id };
  const noted: WatchState = { ...state, incident: { ...incident, answer } };
  switch (answer) {
    case 'seen':
      return { state: noted, effects: [close] };
    case 'pause':
    case 'resume':
    case 'cancel':
      return { state: noted, effects: [close, { kind: 'do-answer', incidentId: incident.id, answer }] };
    case 'false-alarm': {
      const quiet = accept({ ...noted, incident: null }, incident, now, options);
      const effects: Effect[] = [close];
      if (state.wasPaused) effects.push({ kind: 'do-answer', incidentId: incident.id, answer: 'resume' });
      return { state: quiet, effects };
    }
  }
}

function accept(state: WatchState, incident: Incident, now: Moment, options: DecideOptions): WatchState {
  return {
    ...state,
    verdict: 'clear',
    trouble: null,
    accepted: { score: incident.score, hasCleared: false, isTold: false },
    quietUntilTickMs: now.tickMs + options.resumeMuteMs,
  };
}

type AnswerFinished = Extract<WatchInput, { kind: 'answer-finished' }>;

function answerFinished(
  state: WatchState,
  { incidentId: id, answer, outcome }: AnswerFinished,
  now: Moment,
): Decision {
  if (outcome.kind === 'done') {
    const idleTimeoutBeforeS = outcome.idleTimeoutBeforeS ?? state.idleTimeoutBeforeS;
    return { state: { ...state, idleTimeoutBeforeS }, effects: [] };
  }
  const why = outcome.kind === 'failed' ? outcome.message : 'it still waits behind other G-code';
  const text = `Your answer "${answer}" has not taken effect: ${why}`;
  const effects: Effect[] = [{ kind: 'tell', notice: { level: 'error', text } }];
  const { incident } = state;
  if (incident === null || incident.id !== id) return { state, effects };
  // The buttons were taken away with the answer: without them the user could not try again.
  const open: Incident = { ...incident, answer: null };
  effects.push({ kind: 'raise-alert', alert: explainAlert(open, now) });
  return { state: { ...state, incident: open }, effects };
}

function timePassed(state: WatchState, now: Moment, options: DecideOptions): Decision {
  return tellIfBlind(state, [], now, options);
}

/** A warning that has gone away by itself is taken back; a failure that was acted on waits for a person. */
function closeIfOver(state: WatchState, effects: Effect[], now: Moment): Decision {
  const { incident } = state;
  const isOver = incident !== null && now.tickMs - incident.lastSeenTickMs >= incidentOverMs;
  if (!isOver) return { state, effects };
  return {
    state: { ...state, incident: null },
    effects: [...effects, { kind: 'close-alert', incidentId: incident.id }],
  };
}
