// An incident: a warning or a failure of one print, what was done about it and what a person answered.
import type { Place } from './regions.ts';
import type { ActionOutcome, Answer, FailureAction, JobRef, Moment, OnFailure, Score } from './types.ts';

/** The one automatic action of an incident. `orphaned`: asked for by a process that has died since. */
export interface IncidentAction {
  readonly what: FailureAction;
  readonly state: 'requested' | 'delayed' | 'done' | 'failed' | 'orphaned';
  readonly requestedAt: Moment;
  /** Why it failed; '' otherwise. */
  readonly message: string;
}

/** What `on_failure` would have done, in shadow mode. */
export interface WouldHave {
  readonly what: OnFailure;
  readonly at: Moment;
}

/** A warning or failure of one print. JSON: it is kept over a restart. */
export interface Incident {
  /** Letters and digits only: it travels in the G-code of a button. */
  readonly id: string;
  readonly job: JobRef;
  readonly level: 'warning' | 'failing';
  readonly openedAt: Moment;
  /** When the trouble was first seen; at or before `openedAt`. */
  readonly troubleSince: Moment;
  readonly layer: number | null;
  readonly backend: string;
  /** The worst of the incident so far. */
  readonly score: Score;
  readonly quality: number | null;
  /** For a backend that only scores: what has built up, in words; null for one that decides for itself. */
  readonly seen: string | null;
  /** Where in the picture it was last seen; null for a backend that does not say. */
  readonly where: Place | null;
  readonly lastSeenTickMs: number;
  readonly action: IncidentAction | null;
  readonly answer: Answer | null;
  /** A person is asked until then, and nothing has been done yet; absent where nobody is asked. */
  readonly confirmUntilTickMs?: number;
  /** The one object of the print that the failure lies in, while it can be skipped; absent otherwise, and once it was. */
  readonly object?: string;
  /** The user had accepted this scene: told, but no action is taken. */
  readonly isAccepted: boolean;
  /** In shadow mode what would have been done, null before it is failing; absent in any other mode. */
  readonly wouldHave?: WouldHave | null;
}

/** True for an incident of shadow mode: nobody is told of it, and nothing is done, before the print ends. */
export function isShadow({ wouldHave }: Incident): boolean {
  return wouldHave !== undefined;
}

/** True when a person has said whether what shadow mode would have done was right. */
export function isJudged({ answer }: Incident): boolean {
  return answer === 'right' || answer === 'wrong';
}

/** The incident with the outcome of its action written in. */
export function withOutcome(incident: Incident, outcome: ActionOutcome): Incident {
  if (incident.action === null) return incident;
  const message = outcome.kind === 'failed' ? outcome.message : '';
  return { ...incident, action: { ...incident.action, state: outcome.kind, message } };
}

/** The incident with its action seen to have taken effect. */
export function asObserved(incident: Incident): Incident {
  return withOutcome(incident, { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null });
}

/** The incident with its action seen to have had no effect, or none that lasted. `message` says why. */
export function asNotObserved(incident: Incident, message: string): Incident {
  return withOutcome(incident, { kind: 'failed', code: 'PAUSE_NOT_OBSERVED', message });
}

/** True while nobody knows yet what became of the action. */
export function isUnderWay({ action }: Incident): boolean {
  return action?.state === 'requested' || action?.state === 'delayed' || action?.state === 'orphaned';
}

/** True while this very order is out as the incident's action, by this process. */
export function isOrdered(incident: Incident, order: 'pause' | 'cancel'): boolean {
  return incident.action?.what === order && isOrderOut(incident);
}

/** True while an action of ours is out, by this process. */
export function isOrderOut(incident: Incident | null): boolean {
  const state = incident?.action?.state;
  return state === 'requested' || state === 'delayed';
}

/** True when a person has said to let the print go on. */
export function isWaved(incident: Incident | null): boolean {
  const answer = incident?.answer;
  // Not before it is left out: a resume until then would print it.
  if (answer === 'skip-object') return incident?.object === undefined;
  return answer === 'resume' || answer === 'false-alarm' || answer === 'ignore';
}

/** True when a person has asked for the pause or the end, and what came of it was not heard, or was good. */
export function isInHand({ answer }: Incident): boolean {
  return answer === 'pause' || answer === 'cancel';
}

/**
 * True when this incident is why the print is paused.
 * @param isPaused the print was last seen paused
 */
export function isPausedByUs({ action, answer }: Incident, isPaused: boolean): boolean {
  if (action?.state === 'done' && action.what === 'pause') return true;
  // The G-code of failure_gcode may pause or not; only the print tells.
  return isPaused && (answer === 'pause' || (action?.state === 'done' && action.what === 'gcode'));
}

/** The incident without an object that could be skipped. */
export function withoutObject(incident: Incident): Incident {
  const { object: _known, ...rest } = incident;
  return rest;
}

/** True for text that can be the id of an incident: what comes back with an answer may hold anything. */
export function isIncidentId(text: string): boolean {
  return /^[a-z0-9]{1,32}$/.test(text);
}

/** A short id, unique within a print and between prints of one boot. */
export function incidentId(job: JobRef, count: number): string {
  return `${Math.max(0, Math.round(job.startTickMs)).toString(36)}n${count}`;
}
