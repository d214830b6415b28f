// Sentences for people: what was seen, since when, what was done, what they can do. The only place with such texts.
import { sayWouldHave } from './explain-would-have.ts';
import type { Gate } from './gates.ts';
import { type Incident, type IncidentAction, isShadow } from './incident.ts';
import type { Alert, Answer, Moment, Notice } from './types.ts';
import type { Blindness } from './watch-state.ts';

/** A duration as people say it: `45 s`, `2 min 5 s`, `3 h 2 min`. Negative durations read as `0 s`. */
export function sayDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return say(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return say(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
}

function say(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${restUnit}`;
}

/**
 * The alert for an incident as it stands at `now`.
 * @param isPaused the print was last seen paused, by whomever: then resuming is an answer, and pausing is none
 */
export function explainAlert(incident: Incident, now: Moment, isPaused = false): Alert {
  const answers = answersTo(incident, isPaused);
  return {
    incidentId: incident.id,
    level: incident.level,
    title: titleOf(incident),
    lines: [whatWasSeen(incident, now), ...whatIsToCome(incident, now, isPaused), ...whatWasDone(incident)],
    answers,
    ...(answers.includes('skip-object') && incident.object !== undefined ? { object: incident.object } : {}),
  };
}

function titleOf(incident: Incident): string {
  const { level, action } = incident;
  if (isShadow(incident)) return `Lookout: shadow mode, ${sayWouldHave(incident)}`;
  if (level === 'warning') return 'Lookout: this print may be failing';
  if (action?.state === 'failed') return 'Lookout: print failing and NOT stopped';
  if (action === null || action.state !== 'done') return 'Lookout: print failing';
  switch (action.what) {
    case 'pause':
      return 'Lookout: print failing, paused';
    case 'cancel':
      return 'Lookout: print failed, cancelled';
    case 'gcode':
      return 'Lookout: print failing, your G-code was run';
    case 'alert':
      return 'Lookout: print failing';
  }
}

/** What the backend says, how sure it is, where, and for how long. */
export function whatWasSeen(incident: Incident, now: Moment): string {
  const since = sayDuration(now.tickMs - incident.troubleSince.tickMs);
  const layer = incident.layer === null ? '' : `, from layer ${incident.layer} on`;
  const sure = incident.level === 'failing' ? 'has very probably failed' : 'may be going wrong';
  const quality =
    incident.quality === null
      ? `failure score ${Math.round(incident.score * 100)} of 100`
      : `quality ${incident.quality} of 10`;
  const seen = incident.seen ?? `trouble seen for ${since}`;
  return `${incident.backend} says that the print ${sure}${whereIs(incident)}: ${quality}, ${seen}${layer}.`;
}

function whereIs({ where }: Incident): string {
  if (where === null) return '';
  return where === 'whole picture' ? ' (all over the picture)' : ` (${where} of the picture)`;
}

function whatIsToCome({ confirmUntilTickMs }: Incident, now: Moment, isPaused: boolean): string[] {
  if (confirmUntilTickMs === undefined || isPaused) return [];
  const left = sayDuration(confirmUntilTickMs - now.tickMs);
  return [`It is paused in ${left}, unless you choose Ignore (on_failure is confirm).`];
}

function whatWasDone(incident: Incident): string[] {
  const { level, action, isAccepted } = incident;
  if (isShadow(incident))
    return ['Nothing was done (mode is shadow). You are asked when the print has ended.'];
  if (level === 'warning') {
    return isAccepted
      ? ['You let it go on, so it will not be paused again unless it clears once or grows.']
      : ['Nothing has been done. Please have a look.'];
  }
  return action === null ? [] : [actionLine(action)];
}

function actionLine(action: IncidentAction): string {
  if (action.state === 'failed')
    return `It could not be stopped: ${action.message}. Look at the printer now.`;
  // Only what was observed counts as done.
  if (action.state !== 'done')
    return `Klipper has been asked for it (${action.what}), and nothing was seen of it yet. Look at the printer.`;
  switch (action.what) {
    case 'pause':
      return 'The print is paused. Look at it before you resume.';
    case 'cancel':
      return 'The print was cancelled, as set by on_failure.';
    case 'gcode':
      return 'The G-code of failure_gcode was run.';
    case 'alert':
      return 'Nothing has been done, as set by on_failure. Please have a look.';
  }
}

function answersTo(incident: Incident, isPaused: boolean): readonly Answer[] {
  const { action, confirmUntilTickMs, object } = incident;
  if (isShadow(incident)) return ['right', 'wrong'];
  if (action?.what === 'cancel' && action.state === 'done') return ['seen'];
  const isPausedByAction = action?.what === 'pause' && action.state === 'done';
  const skip: readonly Answer[] = object === undefined ? [] : ['skip-object'];
  if (isPaused || isPausedByAction) return ['resume', ...skip, 'cancel', 'false-alarm'];
  if (confirmUntilTickMs !== undefined) return ['pause', ...skip, 'ignore', 'cancel'];
  return ['pause', ...skip, 'cancel', 'false-alarm'];
}

const blindTo = {
  camera: 'has no usable picture',
  backend: 'gets no judgement of its pictures',
  moonraker: 'cannot see what the printer does',
} as const;

/** Told once per outage. */
export function explainBlind(blind: Blindness, now: Moment): Notice {
  const forMs = now.tickMs - blind.since.tickMs;
  const since = forMs < 1_000 ? '' : ` (for ${sayDuration(forMs)})`;
  const { side, message, hint, code } = blind.fault;
  const next = hint === '' ? '' : ` ${hint}`;
  // What matters most comes first: a console cuts long lines.
  const text = `Lookout is blind: it ${blindTo[side]}${since}, and the print goes on unwatched. Reason: ${message} [${code}].${next}`;
  return { level: 'warning', text };
}

/** Told when an outage that was told is over. */
export function explainSighted(blind: Blindness, now: Moment): Notice {
  const text = `Lookout sees again after ${sayDuration(now.tickMs - blind.since.tickMs)}. The print is watched.`;
  return { level: 'info', text };
}

/** Our call is queued behind other G-code and cannot jump the queue. */
export function explainDelay(waitedMs: number): Notice {
  const text = `Lookout asked Klipper ${sayDuration(waitedMs)} ago to stop this failing print. Klipper is still busy with other G-code (heating, homing or a macro) and will do it next.`;
  return { level: 'error', text };
}

/** What the button does. */
export function explainSkip(object: string): string {
  return `Skip this object leaves out ${object} and prints the others.`;
}

/** What a person's answer ordered waits in the same queue. */
export function explainAnswerDelayed(answer: Answer, waitedMs: number): Notice {
  const text = `Your answer (${answer}) has waited for ${sayDuration(waitedMs)}. Klipper is still busy with other G-code (heating, homing or a macro) and will do it next.`;
  return { level: 'warning', text };
}

/** What a person's answer ordered did not happen. */
export function explainAnswerFailed(answer: Answer, message: string): Notice {
  return { level: 'error', text: `Your answer (${answer}) has not taken effect: ${message}` };
}

/** Why the print is not judged now; for the live line, the log and `check`. */
export function explainGate(gate: Gate): string {
  switch (gate.kind) {
    case 'switched-off':
      return gate.isByPerson === true
        ? 'watching is switched off (LOOKOUT_WATCH ENABLE=1 switches it on)'
        : 'watching is switched off ([detection] enabled)';
    case 'not-ready':
      // Klipper's advice on the further lines is for whoever opens its own page.
      return `the printer is not ready: ${gate.message.split('\n', 1)[0]}`;
    case 'not-printing':
      return 'nothing is printing';
    case 'paused':
      return 'the print is paused';
    case 'heating':
      return 'heating or purging: nothing has been printed yet';
    case 'start-after':
      return `judging starts in ${sayDuration(gate.leftMs)} of printing ([detection] start_after)`;
    case 'first-layers':
      return `judging starts after layer ${gate.ignored}, this is layer ${gate.layer} ([detection] ignore_layers)`;
    case 'macro-pause':
      return 'a macro in the file has paused the print';
    case 'muted':
      if (gate.leftMs !== null) return `muted for ${sayDuration(gate.leftMs)}`;
      return gate.isForFile ? 'muted for this file' : 'muted for this print';
  }
}

/** Said of a printer whose watch has failed by a defect of ours, and has begun anew beside the other printers. */
export function explainRestart(): Notice {
  return {
    level: 'warning',
    text: 'Lookout: watching this printer failed and was started anew. The log says why.',
  };
}

/** Told once when the camera looks elsewhere for good. */
export function explainMoved(camera: string): Notice {
  const text = `Lookout: the camera ${camera} shows another view than before. What was learned of the old one is forgotten, and ignored areas may have to be set anew.`;
  return { level: 'info', text };
}
