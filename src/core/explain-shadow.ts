// Sentences of shadow mode: what would have been done, and the question whether it would have been right.
import { sayDuration, whatWasSeen } from './explain.ts';
import { sayWouldHave } from './explain-would-have.ts';
import { type Incident, isShadow } from './incident.ts';
import { isSameJob } from './job.ts';
import type { Alert, Moment } from './types.ts';
import type { WatchState } from './watch-state.ts';

/**
 * The question about one incident of a print that is over.
 * @param others questions that follow
 */
export function explainQuestion(incident: Incident, others: number, now: Moment): Alert {
  const at = incident.wouldHave?.at ?? incident.openedAt;
  // By the wall clock: a question outlives the boot that its ticks are of.
  const did = `Shadow mode: lookout ${sayWouldHave(incident)} ${ago(now.atMs - at.atMs)}${layerOf(incident)}. Nothing was done.`;
  const more = others === 0 ? '' : others === 1 ? ' One more question follows.' : ` ${others} more follow.`;
  return {
    incidentId: incident.id,
    level: 'question',
    title: 'Lookout: was this a failure?',
    // A file name may be long, and a dialog cuts lines.
    lines: [incident.job.filename, whatWasSeen(incident, at), did, `Was that right?${more}`],
    answers: ['right', 'wrong'],
  };
}

/** What shadow mode has to say of this print, short: `shadow: would have paused at layer 12, 5 min ago`; null outside of it. */
export function sayShadow(
  { incident, shadow, job }: WatchState,
  isOn: boolean,
  nowTickMs: number,
): string | null {
  const asked = shadow.questions.filter((each) => job !== null && isSameJob(each.job, job));
  const all = incident !== null && isShadow(incident) ? [...asked, incident] : asked;
  const last = all.findLast(({ wouldHave }) => wouldHave != null) ?? all.at(-1);
  if (last !== undefined) {
    const at = last.wouldHave?.at ?? last.openedAt;
    return `shadow: ${sayWouldHave(last)}${layerOf(last)}, ${ago(nowTickMs - at.tickMs)}`;
  }
  if (job === null && shadow.questions.length > 0) {
    return shadow.questions.length === 1
      ? 'shadow: 1 question is open'
      : `shadow: ${shadow.questions.length} questions are open`;
  }
  return isOn ? 'shadow mode' : null;
}

function layerOf({ layer }: Incident): string {
  return layer === null ? '' : ` at layer ${layer}`;
}

function ago(ms: number): string {
  return `${sayDuration(ms)} ago`;
}
