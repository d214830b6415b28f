// Answers of people: to the alert that is open, to a question of shadow mode, or to an incident that is long over.
import type { ControlAnswer } from '../core/control.ts';
import { ControlError } from '../core/errors.ts';
import { explainAnswerTaken } from '../core/explain-control.ts';
import { type Incident, isShadow } from '../core/incident.ts';
import { questionOf } from '../core/shadow-state.ts';
import type { Answer } from '../core/types.ts';
import { lateAnswer, type RecordsView } from './control-records.ts';
import type { Watch } from './watch.ts';

/** What it takes. */
export interface AnswerDeps {
  readonly watch: Pick<Watch, 'status' | 'answer'>;
  readonly records: RecordsView;
}

/**
 * Takes an answer.
 * @param answered `id` of the incident; null: the one that is open, or asked about
 * @throws ControlError CONTROL_NOT_FOUND where there is nothing to answer; CONTROL_NOT_NOW where this cannot be answered to it
 */
export async function answerIncident(
  { watch, records }: AnswerDeps,
  { answer, id }: { readonly answer: Answer; readonly id: string | null },
  through: string,
): Promise<ControlAnswer> {
  const { incident, shadow } = watch.status().state;
  const isJudgement = answer === 'right' || answer === 'wrong';
  const isOpen = incident !== null && (id === null || id === incident.id);
  if (isOpen) check(incident, answer, isJudgement);
  const meant = isOpen ? incident : isJudgement ? questionOf(shadow, id) : null;
  if (meant !== null) {
    watch.answer({ answer, incidentId: meant.id, through });
    return taken(answer, meant.id);
  }
  const late = id === null ? null : await lateAnswer(records, id, answer, through);
  if (late !== null) return late;
  throw new ControlError(id === null ? 'no alert is open' : `no alert is open for incident ${id}`, {
    code: 'CONTROL_NOT_FOUND',
    retry: 'never',
    hint: 'lookout.status tells which one is.',
  });
}

function check(incident: Incident, answer: Answer, isJudgement: boolean): void {
  if (isShadow(incident) && !isJudgement) {
    throw notNow('in shadow mode nothing was done about it: answer right or wrong', 'lookout.pause pauses.');
  }
  // "right" is kept with the record and changes nothing; "wrong" would leave open what the print is to do.
  if (!isShadow(incident) && answer === 'wrong') {
    throw notNow('wrong judges what was seen in shadow mode', 'false-alarm says it of an alert.');
  }
  if (answer === 'skip-object' && incident.object === undefined) {
    throw notNow('it is not known which single object fails, so that none can be skipped', '');
  }
}

function taken(answer: Answer, id: string) {
  return { text: explainAnswerTaken(answer), incident_id: id, answer };
}

function notNow(message: string, hint: string): ControlError {
  return new ControlError(message, { code: 'CONTROL_NOT_NOW', retry: 'soon', hint });
}
