// What shadow mode remembers: the incidents that a person is to judge when the print has ended.
import type { Heat } from './heat.ts';
import type { Incident } from './incident.ts';
import { isSameJob } from './job.ts';

/** JSON. Kept over a restart of this process and of the host. */
export interface Shadow {
  /** Of one print, the oldest first, at most `maxQuestions`. */
  readonly questions: readonly Incident[];
  /** The first of them is shown now. */
  readonly isAsked: boolean;
  /** By incident, those of `questions` and the open one: what is learned when it was wrong. Only of backends that only score. */
  readonly heats: Readonly<Record<string, Heat>>;
}

/** Nothing is to be asked. */
export const noShadow: Shadow = { questions: [], isAsked: false, heats: {} };

/** Questions about one print at most. */
export const maxQuestions = 5;

/** One more question. Those of an earlier print are over with it; where there are too many, what would only have warned is left out first. */
export function withQuestion(shadow: Shadow, incident: Incident): Shadow {
  const ofThisPrint = shadow.questions.filter(({ job }) => isSameJob(job, incident.job));
  const questions = [...ofThisPrint, incident];
  if (questions.length <= maxQuestions) return { ...shadow, questions };
  // -1 is the last one.
  const leastNews = questions.findLastIndex(({ level }) => level === 'warning');
  return { ...shadow, questions: questions.toSpliced(leastNews, 1) };
}

/** The question of this id, or the first where none is named; null where there is none. */
export function questionOf({ questions }: Shadow, id: string | null): Incident | null {
  return questions.find((each) => id === null || each.id === id) ?? null;
}

/** True while this question is the one that is shown. */
export function isShownQuestion({ isAsked, questions }: Shadow, id: string): boolean {
  return isAsked && questions[0]?.id === id;
}

/** Without this question. The next one is not shown yet. */
export function withoutQuestion(shadow: Shadow, id: string): Shadow {
  const { [id]: _known, ...heats } = shadow.heats;
  return {
    heats,
    questions: shadow.questions.filter((each) => each.id !== id),
    isAsked: shadow.isAsked && !isShownQuestion(shadow, id),
  };
}

/** Nothing is kept of incidents that nobody will be asked about. */
export function tidyHeats(shadow: Shadow, open: Incident | null): Shadow {
  const ids = new Set([open?.id, ...shadow.questions.map(({ id }) => id)]);
  const all = Object.entries(shadow.heats);
  const kept = all.filter(([id]) => ids.has(id));
  return kept.length === all.length ? shadow : { ...shadow, heats: Object.fromEntries(kept) };
}
