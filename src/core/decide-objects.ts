// Which object of the print a failure lies in: asked for where it can be of use, and offered to be skipped.
import { countedRegions } from './background.ts';
import { raiseAlert } from './decide-effects.ts';
import { type Incident, isUnderWay, withoutObject } from './incident.ts';
import { failingObject } from './objects.ts';
import type { Moment } from './types.ts';
import type { DecideOptions, Decision, Effect, WatchInput, WatchState } from './watch-state.ts';

/** Asks for the objects of the print, where a region can be laid upon them. */
export function askForObjects({ last }: WatchState, { id }: Incident, options: DecideOptions): Effect[] {
  const isOfUse = options.bedCorners !== undefined && last !== null && last.assessment.regions.length > 0;
  return isOfUse ? [{ kind: 'read-objects', incidentId: id }] : [];
}

type ObjectsRead = Extract<WatchInput, { kind: 'objects-read' }>;

/** One step for the objects of the print: the alert offers to skip the one that the failure lies in, or no longer does. */
export function objectsRead(
  state: WatchState,
  { incidentId, objects }: ObjectsRead,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { incident, last, job } = state;
  const { bedCorners } = options;
  if (incident === null || incident.id !== incidentId || job === null) return { state, effects: [] };
  if (last === null || bedCorners === undefined || incident.answer === 'skip-object') {
    return { state, effects: [] };
  }
  const object = objects === null ? null : failingObject(regionsOf(state, last), bedCorners, objects);
  if (object === (incident.object ?? null)) return { state, effects: [] };
  const rest = withoutObject(incident);
  const known: Incident = object === null ? rest : { ...rest, object };
  const next = { ...state, incident: known };
  // The end of the action raises it; what was answered is not asked again.
  const isShown = incident.answer === null && !isUnderWay(incident) && !state.isAlertDue;
  return { state: next, effects: isShown ? [raiseAlert(next, known, now)] : [] };
}

/** Where something counts: what the camera always shows does not. */
function regionsOf({ backgrounds }: WatchState, { assessment }: NonNullable<WatchState['last']>) {
  const known = backgrounds.find(({ backend }) => backend === assessment.backend);
  if (assessment.suggests !== null || known === undefined) return assessment.regions;
  return countedRegions(assessment, known);
}
