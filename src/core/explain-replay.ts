// A replay as lines of text: what came in, what was decided of it then, and what now.
import type { ReplayRow } from './replay.ts';
import type { RecordedStep, StepResult } from './trace.ts';
import type { Effect } from './watch-state.ts';

const widths = { time: 10, input: 46, result: 34 } as const;

/**
 * The rows that say something, each marked with `≠` where then and now differ.
 * @param openedAtMs the moment that the times are told from, wall time
 */
export function explainReplay(rows: readonly ReplayRow[], openedAtMs: number): string[] {
  const lines = [columns('', 'time', 'what came in', 'recorded', 'now')];
  let told = '';
  for (const row of rows) {
    const { step, now } = row;
    if (row.isAfterGap)
      lines.push('  (steps are missing here; what follows begins with the state as it was)');
    const key = `${step.input.kind === 'print-changed' ? step.input.print.kind : ''}`;
    const isNews = key !== '' && key !== told;
    if (key !== '') told = key;
    if (!isShown(row, isNews)) continue;
    const mark = row.isSame ? ' ' : '≠';
    const time = sayOffset(step.at.atMs - openedAtMs);
    lines.push(columns(mark, time, sayInput(step), sayResult(step), sayResult(now)));
    const [then, today] = [step.effects.map(sayEffect), now.effects.map(sayEffect)];
    for (let index = 0; index < Math.max(then.length, today.length); index += 1) {
      lines.push(columns(mark, '', '', `→ ${then[index] ?? '-'}`, `→ ${today[index] ?? '-'}`));
    }
  }
  return lines;
}

/** What a replay has shown, in one sentence. */
export function explainReplayResult(rows: readonly ReplayRow[], openedAtMs: number): string {
  const different = rows.filter(({ isSame }) => !isSame);
  const first = different[0];
  if (first === undefined) return `All ${rows.length} decisions are the same.`;
  const when = sayOffset(first.step.at.atMs - openedAtMs);
  return `${different.length} of ${rows.length} decisions differ, the first at ${when}.`;
}

function isShown({ step, now, isSame }: ReplayRow, isNews: boolean): boolean {
  if (!isSame || isNews || step.effects.length > 0 || now.effects.length > 0) return true;
  return step.input.kind !== 'time-passed' && step.input.kind !== 'print-changed';
}

function columns(mark: string, time: string, input: string, then: string, now: string): string {
  const cells = [fit(time, widths.time), fit(input, widths.input), fit(then, widths.result), harmless(now)];
  return `${mark.padEnd(2)}${cells.join(' ')}`.trimEnd();
}

/** A record may come from anybody, and goes to a terminal. */
function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

function fit(raw: string, width: number): string {
  const text = harmless(raw);
  return (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
}

/** `-9:50`, `+0:10`. */
function sayOffset(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const sign = ms < 0 ? '-' : '+';
  return `${sign}${Math.floor(seconds / 60)}:${(seconds % 60).toString().padStart(2, '0')}`;
}

function sayInput({ input, gate }: RecordedStep): string {
  switch (input.kind) {
    case 'frame-assessed': {
      const { score, quality, backend } = input.assessment;
      return `look: score ${score.toFixed(2)}${quality === null ? '' : `, quality ${quality}`} (${backend})`;
    }
    case 'frame-missed':
      return `no look: ${input.fault.code}`;
    case 'print-changed':
      return `print: ${input.print.kind}${gate === null ? '' : ` (${gate})`}`;
    case 'objects-read':
      return input.objects === null ? 'no objects are known' : `objects: ${input.objects.objects.length}`;
    case 'answered':
      return `answered: ${input.answer}`;
    case 'action-finished':
      return `action: ${input.outcome.kind}`;
    case 'answer-finished':
      return `${input.answer}: ${input.outcome.kind}`;
    default:
      return input.kind.replaceAll('-', ' ');
  }
}

function sayResult({ verdict, evidenceMs, level }: StepResult): string {
  const evidence = evidenceMs > 0 ? `, ${(evidenceMs / 1000).toFixed(1)} s` : '';
  return `${verdict}${evidence}${level === null ? '' : ` [incident: ${level}]`}`;
}

function sayEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'raise-alert':
      return `alert: ${effect.alert.title.replace('Lookout: ', '')}`;
    case 'take-action':
      return effect.action;
    case 'note-would-have':
      return `in shadow mode: ${effect.what}`;
    case 'read-objects':
      return 'ask for the objects of the print';
    case 'skip-object':
      return `skip the object ${effect.object}`;
    case 'do-answer':
      return `carry out ${effect.answer}`;
    case 'tell':
      return `tell: ${effect.notice.text}`;
    default:
      return effect.kind.replaceAll('-', ' ');
  }
}
