// Words and figures of the page.
import type { Usage } from '../../core/budget.ts';
import type { Answer } from '../../core/types.ts';
import type { PrinterState, PrintFacts } from '../view.ts';

/** What the buttons of an incident say. */
export const answerLabels: Readonly<Record<Answer, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel print',
  'false-alarm': 'False alarm',
  ignore: 'Ignore',
  'skip-object': 'Skip this object',
  right: 'Yes, it was failing',
  wrong: 'No, a false alarm',
  seen: 'Seen',
};

/** `right` of an alert, where nobody asked. */
export const reallyFailed = 'Really failed';

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`. */
export function sayAgo(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** `2:05:09` or `5:09`. */
export function sayClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A moment in the reader's own time, short. */
export function sayMoment(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** `layer 12 of 60 · 34 %`. */
export function sayProgress({ layer, totalLayer, progress }: PrintFacts): string {
  const parts: string[] = [];
  if (layer !== null) parts.push(totalLayer === null ? `layer ${layer}` : `layer ${layer} of ${totalLayer}`);
  if (progress !== null) parts.push(`${Math.round(progress * 100)} %`);
  return parts.join(' · ');
}

/** `130 of 5000, free so far`, `6000 of 8000, about $0.40`, `130, no limit`. */
export function sayBudget({ used, limit, costUsd }: Usage): string {
  const calls = limit === null ? `${used}, no limit` : `${used} of ${limit}`;
  if (costUsd === null) return calls;
  return costUsd === 0 ? `${calls}, free so far` : `${calls}, about $${costUsd.toFixed(2)}`;
}

/** What the printer does, in a word or two. */
export function sayPrint({ kind }: PrintFacts): string {
  const words: Record<PrintFacts['kind'], string> = {
    'not-ready': 'Printer not ready',
    idle: 'Idle',
    heating: 'Heating',
    printing: 'Printing',
    paused: 'Paused',
    ended: 'Ended',
  };
  return words[kind];
}

/** How sure the last look was, for people. */
export function sayLook({ look }: PrinterState): string {
  if (look === null) return 'No picture has been judged yet';
  if (look.quality !== null) return `Quality ${look.quality} of 10`;
  return `Failure score ${Math.round(look.score * 100)} of 100`;
}
