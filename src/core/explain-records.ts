// Sentences about the records on disk.
import { sayWouldHave } from './explain-would-have.ts';
import { isShadow } from './incident.ts';
import type { IncidentRecord } from './records.ts';
import type { Notice } from './types.ts';

/** Told once when what happens can no longer be written down. */
export function explainRecordsLost(message: string, code: string, hint: string): Notice {
  const text = `Lookout watches on, but keeps no pictures or records now: ${message} [${code}]. ${hint}`;
  return { level: 'warning', text };
}

/** Told when that is over. */
export function explainRecordsBack(): Notice {
  return { level: 'info', text: 'Lookout keeps pictures and records again.' };
}

/** An incident in one line of a list. */
export function sayIncident(record: IncidentRecord, openedAt: string): string {
  const { incident, isOpen, closed, labels } = record;
  const { id, level, action, job } = incident;
  const acted = action === null || action.what === 'alert' ? '' : `, ${action.what} ${action.state}`;
  const done = isShadow(incident) ? `, ${sayWouldHave(incident)}` : acted;
  const end = isOpen ? 'open' : (closed?.how ?? 'end not seen');
  const said = labels.at(-1) === undefined ? '' : `, said: ${labels.at(-1)?.answer}`;
  return `${id}  ${openedAt}  ${level}${done}, ${end.replaceAll('-', ' ')}${said}  ${JSON.stringify(job.filename)}`;
}

/** How many incidents there are. */
export function sayIncidents(count: number): string {
  return count === 1 ? 'Lookout: 1 incident.' : `Lookout: ${count} incidents.`;
}

/** An answer to an incident that is over changes nothing any more, but it is kept. */
export function explainLateAnswer(answer: string): string {
  return `Lookout: your answer (${answer}) was kept with the record. The incident is over, so nothing else follows from it.`;
}
