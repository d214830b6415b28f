// The part of control that looks into the records: incidents as anybody may see them, and answers that come late.
import * as v from 'valibot';
import type { IncidentAnswer, IncidentsAnswer, RecordedIncident } from '../core/control.ts';
import { explainLateAnswer, sayIncidents } from '../core/explain-records.ts';
import type { Records } from '../core/ports.ts';
import type { IncidentRecord } from '../core/records.ts';
import type { Answer } from '../core/types.ts';
import { incidentArgument } from './control-arguments.ts';
import { wouldHaveOf } from './control-status.ts';

/** What of the records can be asked for. */
export type RecordsView = Pick<Records, 'health' | 'list' | 'read' | 'label'>;

/** Arguments of `incidents`. */
export const incidentsArguments = v.strictObject({
  limit: v.nullish(
    v.pipe(
      v.number('1 to 200'),
      v.integer('1 to 200'),
      v.minValue(1, '1 to 200'),
      v.maxValue(200, '1 to 200'),
    ),
    20,
  ),
});

/** Arguments of `incident`. */
export const incidentArguments = v.strictObject({ incident_id: incidentArgument });

/** An answer with it stays small: the newest looks of an incident that went on for hours. */
const maxLooks = 500;

/** The answer to `incidents`. */
export async function incidentsAnswer(records: RecordsView, limit: number): Promise<IncidentsAnswer> {
  const found = (await records.list()).slice(0, limit).map(toRecorded);
  return { text: sayIncidents(found.length), incidents: found };
}

/** The answer to `incident`; null where there is none of this id. */
export async function incidentAnswer(records: RecordsView, id: string): Promise<IncidentAnswer | null> {
  const story = await records.read(id);
  if (story === null) return null;
  const looks = story.steps.flatMap(({ at, input, verdict, evidenceMs, frame }) => {
    if (input.kind !== 'frame-assessed') return [];
    const { score, quality } = input.assessment;
    return [{ at: seconds(at.atMs), score, quality, verdict, evidence: seconds(evidenceMs), frame }];
  });
  const incident = toRecorded(story);
  return {
    text: `Lookout: ${incident.level} in ${incident.filename}.`,
    incident,
    looks: looks.slice(-maxLooks),
  };
}

/** Keeps an answer to an incident that is over; null where there is none of this id. */
export async function lateAnswer(records: RecordsView, id: string, answer: Answer, through: string) {
  if (!(await records.label(id, answer, through))) return null;
  return { text: explainLateAnswer(answer), incident_id: id, answer };
}

function toRecorded({ incident, isOpen, closed, labels }: IncidentRecord): RecordedIncident {
  const { id, job, level, openedAt, layer, backend, score, quality, action, wouldHave } = incident;
  return {
    ...{ id, level, layer, backend, score, quality, is_open: isOpen },
    filename: job.filename,
    opened_at: seconds(openedAt.atMs),
    closed: closed === null ? null : { at: seconds(closed.atMs), how: closed.how },
    action: action === null ? null : { what: action.what, state: action.state, message: action.message },
    would_have: wouldHaveOf(wouldHave),
    answers: labels.map(({ answer, atMs, through }) => ({ answer, at: seconds(atMs), through })),
  };
}

/** Seconds with milliseconds, as Moonraker gives them. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
