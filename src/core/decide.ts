// The decision core: what happened → what is known now and what is to be done. Pure; safety rules 1 to 3 live here.
import { forgetBusy, loadMeasured, tellIfBusy } from './busy.ts';
import { countdownLeftMs, endCountdown, withCountdown } from './confirm.ts';
import { answered, answerFinished, keepIdleTimeout, wavedThrough } from './decide-answer.ts';
import { frameMissed, tellIfBlind, tellIfSighted } from './decide-blind.ts';
import { commanded, remindOfHold } from './decide-command.ts';
import { closeAlert, raiseAlert, restoreIdleTimeout } from './decide-effects.ts';
import { askForObjects, objectsRead } from './decide-objects.ts';
import { afterRestart, printChanged } from './decide-print.ts';
import { type Evidence, sayEvidence } from './evidence.ts';
import { explainDelay, explainMoved } from './explain.ts';
import { explainPauseStep } from './explain-pause.ts';
import { isBefore } from './gates.ts';
import { isHeld } from './hold.ts';
import {
  asNotObserved,
  type Incident,
  incidentId,
  isInHand,
  isPausedByUs,
  isUnderWay,
  isWaved,
  withOutcome,
} from './incident.ts';
import { isSameJob } from './job.ts';
import { type Judged, judge } from './judge.ts';
import type { Place } from './regions.ts';
import { seeView } from './scene-view.ts';
import { answeredInShadow, inShadow, leaveMode, noteFailure } from './shadow.ts';
import type { Assessment, JobRef, Moment, Verdict } from './types.ts';
import type {
  AcceptedScene,
  DecideOptions,
  Decision,
  Effect,
  WatchInput,
  WatchState,
} from './watch-state.ts';

/** Trouble that has been gone for this long is over; what comes then is a new incident. */
const incidentOverMs = 180_000;
/** An accepted scene has grown when its score rises by this much; smaller changes are noise. */
const grownBy = 0.15;
/** 0.55 + 0.15 is a hair above 0.7 in binary. */
const rounding = 1e-9;

/**
 * One step. `now` is the moment of the input. A fault never raises a verdict or an action, and an incident never
 * gets a second automatic action.
 */
export function decide(state: WatchState, input: WatchInput, now: Moment, options: DecideOptions): Decision {
  return inShadow(state, input, step(state, input, now, options), now);
}

function step(state: WatchState, input: WatchInput, now: Moment, options: DecideOptions): Decision {
  switch (input.kind) {
    case 'print-changed':
      return remindOfHold(state, forgetBusy(printChanged(state, input.print, now, options)), now);
    case 'frame-assessed':
      return frameAssessed(state, input, now, options);
    case 'frame-missed':
      return frameMissed(state, input.fault, now, options);
    case 'action-finished':
      return actionFinished(state, input, now);
    case 'answered':
      return (
        answeredInShadow(state, input.answer, input.incidentId) ??
        answered(state, input.answer, input.incidentId, now, options)
      );
    case 'commanded':
      return commanded(state, input.command, now);
    case 'answer-finished':
      return answerFinished(state, input, now, options);
    case 'idle-timeout-lengthened':
      return idleTimeoutLengthened(state, input.beforeS);
    case 'pause-step-finished':
      return { state, effects: explainPauseStep(input.step).map((notice) => ({ kind: 'tell', notice })) };
    case 'objects-read':
      return objectsRead(state, input, now, options);
    case 'time-passed':
      return timePassed(state, now, options);
    case 'load-measured':
      return loadMeasured(state, input.load, now, options);
    case 'areas-changed':
      return { state: { ...state, drawn: input.areas }, effects: [] };
    case 'restarted': {
      const left = leaveMode(state, options);
      return { state: afterRestart(left.state, now), effects: left.effects };
    }
  }
}

function timePassed(state: WatchState, now: Moment, options: DecideOptions): Decision {
  const blind = tellIfBlind(state, now, options);
  const busy = tellIfBusy(blind.state, now, options);
  const counted = endCountdown(busy.state, now);
  return { state: counted.state, effects: [...blind.effects, ...busy.effects, ...counted.effects] };
}

type Assessed = Extract<WatchInput, { kind: 'frame-assessed' }>;

function frameAssessed(state: WatchState, input: Assessed, now: Moment, options: DecideOptions): Decision {
  const { job } = state;
  // A late answer for a print that has ended, or was paused meanwhile, says nothing about what happens now.
  if (job === null || !isSameJob(job, input.job) || !state.isPrinting || isHeld(state.hold, job, now))
    return { state, effects: [] };
  const { view, hasMoved, isNews } = seeView(state.view, input, now);
  // What was learned lies elsewhere in the picture now.
  const known = hasMoved
    ? { ...state, backgrounds: state.backgrounds.filter(({ camera }) => camera !== input.camera) }
    : state;
  const judged = judge(known, input, now, options);
  const { assessment, counted, evidence, backgrounds, verdict, where } = judged;
  const hasTrouble = verdict === 'warning' || verdict === 'failing';
  const trouble = verdict === 'clear' ? null : (state.trouble ?? { since: now, layer: input.layer });
  const seen: WatchState = {
    ...state,
    verdict,
    last: { assessment, counted, at: now },
    blind: null,
    trouble,
    evidence,
    backgrounds,
    view,
    shadow: hasMoved ? { ...state.shadow, heats: {} } : state.shadow,
    accepted: stillAccepted(state.accepted, assessment, verdict),
    incident: state.incident === null || !hasTrouble ? state.incident : worse(state.incident, judged, now),
  };
  const sighted = tellIfSighted(state, now);
  const moved: Effect[] = isNews ? [{ kind: 'tell', notice: explainMoved(input.camera) }] : [];
  const next =
    trouble === null || !hasTrouble
      ? closeIfOver(seen, now)
      : react(seen, { job, assessment, verdict, trouble, where }, now, options);
  return { state: next.state, effects: [...sighted, ...moved, ...next.effects] };
}

/** What is left of "I have looked": once the trouble has gone or grown, later trouble is new for good. */
function stillAccepted(
  accepted: AcceptedScene | null,
  assessment: Assessment,
  verdict: Verdict,
): AcceptedScene | null {
  if (accepted === null || verdict === 'watching') return accepted;
  if (verdict === 'clear') return { ...accepted, hasCleared: true };
  return assessment.score >= accepted.score + grownBy - rounding ? null : accepted;
}

function worse(incident: Incident, { assessment, evidence, where }: Judged, now: Moment): Incident {
  const { backend, score, quality } = assessment;
  const isWorse = score > incident.score;
  return {
    ...incident,
    backend,
    seen: seenBy(assessment, evidence),
    where: where ?? incident.where,
    score: isWorse ? score : incident.score,
    quality: isWorse ? quality : incident.quality,
    lastSeenTickMs: now.tickMs,
  };
}

function seenBy(assessment: Assessment, evidence: Evidence): string | null {
  return assessment.suggests === null ? sayEvidence(evidence) : null;
}

/** A look that showed trouble. */
interface Sighting {
  readonly job: JobRef;
  readonly assessment: Assessment;
  readonly verdict: Verdict;
  readonly trouble: NonNullable<WatchState['trouble']>;
  readonly where: Place | null;
}

function react(state: WatchState, sighting: Sighting, now: Moment, options: DecideOptions): Decision {
  if (isBefore(now, state.quietUntilTickMs)) return { state, effects: [] };
  const { accepted, incident } = state;
  const isAccepted = accepted !== null && !accepted.hasCleared;
  if (incident === null) {
    if (isAccepted && accepted.isTold) return { state, effects: [] };
    return open(state, sighting, isAccepted, now, options);
  }
  if (incident.level === 'failing') return checkPause(state, incident, now);
  if (isAccepted) return { state, effects: [] };
  // A person who has asked for the pause or the end is served already; a second order could undo their first.
  if (isInHand(incident)) return { state, effects: [] };
  if (sighting.verdict === 'failing') return fail(state, incident, now, options);
  // What the alert says, that it will not be paused again, is true no longer.
  if (!incident.isAccepted) return { state, effects: [] };
  return show(state, { ...incident, isAccepted: false }, now);
}

function open(
  state: WatchState,
  { job, assessment, verdict, trouble, where }: Sighting,
  isAccepted: boolean,
  now: Moment,
  options: DecideOptions,
): Decision {
  const incidentCount = state.incidentCount + 1;
  const incident: Incident = {
    id: incidentId(job, incidentCount),
    job,
    level: 'warning',
    openedAt: now,
    troubleSince: trouble.since,
    layer: trouble.layer,
    backend: assessment.backend,
    score: assessment.score,
    quality: assessment.quality,
    seen: seenBy(assessment, state.evidence),
    where,
    lastSeenTickMs: now.tickMs,
    action: null,
    answer: null,
    isAccepted,
    ...(options.mode === 'shadow' ? { wouldHave: null } : {}),
  };
  const accepted = state.accepted === null ? null : { ...state.accepted, isTold: true };
  const opened = { ...state, incidentCount, accepted };
  if (verdict === 'failing' && !isAccepted) return fail(opened, incident, now, options);
  return asking(show(opened, incident, now), incident, options);
}

/** An alert that is shown can be answered, whatever was answered to it before. */
function show(state: WatchState, incident: Incident, now: Moment): Decision {
  const shown: Incident = { ...incident, answer: null };
  const next = { ...state, incident: shown };
  return { state: next, effects: [raiseAlert(next, shown, now)] };
}

/** The incident becomes failing, once, and gets its one automatic action: here and nowhere else. */
function fail(state: WatchState, incident: Incident, now: Moment, options: DecideOptions): Decision {
  const what = options.onFailure;
  if (options.mode === 'shadow') return noteFailure(state, incident, what, now);
  if (what === 'confirm') {
    const asked = withCountdown({ ...incident, level: 'failing', isAccepted: false }, now, options);
    return asking(show(state, asked, now), asked, options);
  }
  const isAlertOnly = what === 'alert';
  const action = { what, state: isAlertOnly ? 'done' : 'requested', requestedAt: now, message: '' } as const;
  // Whatever was answered to the warning was not said of a failure.
  const failing: Incident = { ...incident, level: 'failing', isAccepted: false, answer: null, action };
  const next = { ...state, incident: failing };
  const effect: Effect = isAlertOnly
    ? raiseAlert(next, failing, now)
    : { kind: 'take-action', incidentId: failing.id, action: what };
  return asking({ state: next, effects: [effect] }, failing, options);
}

function asking({ state, effects }: Decision, incident: Incident, options: DecideOptions): Decision {
  return { state, effects: [...effects, ...askForObjects(state, incident, options)] };
}

/** A pause that was seen, and yet frames of the running print come in: it has not lasted, and a person must know. */
function checkPause(state: WatchState, incident: Incident, now: Moment): Decision {
  if (!isPausedByUs(incident, false)) return { state, effects: [] };
  return show(state, asNotObserved(incident, 'the pause did not last'), now);
}

/** Trouble that has gone away by itself is taken back, but not while something ordered for it is to come. */
function closeIfOver(state: WatchState, now: Moment): Decision {
  const { incident } = state;
  if (incident === null || isUnderWay(incident) || isInHand(incident)) return { state, effects: [] };
  const isWithdrawn = state.verdict === 'clear' && countdownLeftMs(state, now) !== null;
  if (!isWithdrawn && now.tickMs - incident.lastSeenTickMs < incidentOverMs) return { state, effects: [] };
  return { state: { ...state, incident: null }, effects: [closeAlert(incident.id)] };
}

/** Ours from now on; where the print has ended meanwhile it is put back at once. */
function idleTimeoutLengthened(state: WatchState, beforeS: number): Decision {
  if (!state.wasPaused) return { state, effects: restoreIdleTimeout(beforeS) };
  return { state: { ...state, idleTimeoutBeforeS: state.idleTimeoutBeforeS ?? beforeS }, effects: [] };
}

type Finished = Extract<WatchInput, { kind: 'action-finished' }>;

function actionFinished(state: WatchState, { incidentId: id, outcome }: Finished, now: Moment): Decision {
  const kept = keepIdleTimeout(state, id, outcome);
  const { incident } = state;
  if (incident === null || incident.id !== id) return kept;
  const told = withOutcome(incident, outcome);
  const next: WatchState = { ...kept.state, incident: told };
  if (outcome.kind === 'delayed') {
    return { state: next, effects: [{ kind: 'tell', notice: explainDelay(outcome.waitedMs) }] };
  }
  if (isWaved(told)) return wavedThrough(next, told);
  // The print has ended by itself before it could be cancelled: there is nothing left to look at.
  if (state.job === null && outcome.kind === 'failed') {
    return { state: { ...next, incident: null }, effects: [closeAlert(id)] };
  }
  // Answered meanwhile, and it did what was asked: the answer has taken the alert away already.
  if (told.answer !== null && outcome.kind === 'done') return { state: next, effects: [] };
  return show(next, told, now);
}
