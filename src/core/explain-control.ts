// Sentences that answer a person, a macro or another program.
import { sayDuration } from './explain.ts';
import type { Assessment, Verdict } from './types.ts';

/** What one picture came to. One picture never makes an alert by itself. */
export function explainCheck(
  { backend, score, quality }: Assessment,
  says: Verdict,
  isCounted: boolean,
): string {
  const scale =
    quality === null ? `failure score ${Math.round(score * 100)} of 100` : `quality ${quality} of 10`;
  const counts = isCounted ? '' : ' It was looked at once, and nothing follows from it.';
  return `Lookout: ${backend} ${saysText[says]} (${scale}).${counts}`;
}

const saysText: Readonly<Record<Verdict, string>> = {
  clear: 'sees no failure in this picture',
  watching: 'sees something in this picture that may be a failure',
  warning: 'warns of a failure',
  failing: 'says that the print is failing',
};

/** The last picture is too young for another one. */
export function explainTooSoon(waitMs: number): string {
  return `the next picture can be judged in ${sayDuration(waitMs)}`;
}

/** An answer has been taken. */
export function explainAnswerTaken(answer: string): string {
  return `Lookout: your answer (${answer}) was taken.`;
}
