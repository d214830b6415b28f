// The text of macro prompts: the script that shows one, and what lines in the G-code output mean.
import { explainSkip } from '../core/explain.ts';
import type { Alert, Answer } from '../core/types.ts';
import { toGcodeText } from './console-lines.ts';

const maxTitleChars = 60;
const maxTextChars = 200;
const maxTexts = 6;

interface Button {
  readonly label: string;
  /** Vuetify's names; both user interfaces hand them on. */
  readonly color: 'primary' | 'secondary' | 'info' | 'warning' | 'error';
  /** In the footer stands what leaves the printer alone. */
  readonly isFooter: boolean;
}

const buttons: Readonly<Record<Answer, Button>> = {
  pause: { label: 'Pause', color: 'warning', isFooter: false },
  resume: { label: 'Resume', color: 'primary', isFooter: false },
  cancel: { label: 'Cancel print', color: 'error', isFooter: false },
  'false-alarm': { label: 'False alarm, go on', color: 'secondary', isFooter: true },
  ignore: { label: 'Ignore', color: 'primary', isFooter: false },
  'skip-object': { label: 'Skip this object', color: 'warning', isFooter: false },
  right: { label: 'Yes, it was failing', color: 'primary', isFooter: false },
  wrong: { label: 'No, a false alarm', color: 'warning', isFooter: false },
  seen: { label: 'Seen', color: 'secondary', isFooter: true },
};

/** Ends whatever prompt is open. */
export const endPromptScript = 'RESPOND TYPE=command MSG=action:prompt_end';

/**
 * The script that shows an alert as a macro prompt, one command a line.
 *
 * There is always a text, because Mainsail shows nothing for a prompt of footer buttons, and always a button of
 * ours, because that is how our prompt is told from another program's. A group without a button would break
 * Mainsail's page, so there is none.
 */
export function promptScript(alert: Alert): string {
  const title = toGcodeText(alert.title, maxTitleChars) || 'Lookout';
  // KlipperScreen shows the last text only: that stays what was done.
  const skip = alert.object === undefined ? [] : [explainSkip(alert.object)];
  const texts = [...alert.lines.slice(0, -1), ...skip, ...alert.lines.slice(-1)]
    .map((line) => toGcodeText(line, maxTextChars))
    .filter((text) => text !== '');
  const answers = alert.answers.length === 0 ? (['seen'] as const) : [...new Set(alert.answers)];
  const inBody = answers.filter((answer) => !buttons[answer].isFooter);
  const inFooter = answers.filter((answer) => buttons[answer].isFooter);
  const actions = [
    `prompt_begin ${title}`,
    ...(texts.length === 0 ? [title] : texts.slice(0, maxTexts)).map((text) => `prompt_text ${text}`),
    ...(inBody.length === 0 ? [] : ['prompt_button_group_start']),
    ...inBody.map((answer) => `prompt_button ${buttonText(answer, alert)}`),
    ...(inBody.length === 0 ? [] : ['prompt_button_group_end']),
    ...inFooter.map((answer) => `prompt_footer_button ${buttonText(answer, alert)}`),
    'prompt_show',
  ];
  return actions.map((action) => `RESPOND TYPE=command MSG="action:${action}"`).join('\n');
}

function buttonText(answer: Answer, { answers, incidentId }: Alert): string {
  const { label: usual, color } = buttons[answer];
  // Of the question before a pause: without an answer it pauses as well, only later.
  const label = answer === 'pause' && answers.includes('ignore') ? 'Pause now' : usual;
  // No blanks in the message, so that it needs no quotes inside the quotes.
  return `${label}|RESPOND TYPE=command MSG=action:${answerAction(answer, incidentId)}|${color}`;
}

/** The name of the action that a button sends, such as `lookout_resume_7f3a`. */
function answerAction(answer: Answer, incidentId: string): string {
  return `lookout_${answer}_${toPromptId(incidentId)}`;
}

/** An incident's id as buttons carry it: letters, digits and dashes, at most 64. */
export function toPromptId(incidentId: string): string {
  return incidentId.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 64);
}

/** What a line of G-code output means for prompts. */
export type PromptLine =
  | { readonly kind: 'begin'; readonly title: string }
  /** `promptId` is set when the button is one of ours. */
  | { readonly kind: 'button'; readonly promptId: string | null }
  | { readonly kind: 'show' }
  | { readonly kind: 'end' }
  | { readonly kind: 'answer'; readonly answer: Answer; readonly promptId: string };

/** Reads a line; null when it has nothing to do with prompts. */
export function readPromptLine(line: string): PromptLine | null {
  // The user interfaces want exactly this beginning; what they do not see is no prompt.
  const action = /^\/\/ action:(.*)$/s.exec(line)?.[1]?.trimEnd();
  if (action === undefined) return null;
  const answered = readAnswerAction(action);
  if (answered !== null) return answered;
  const [, name, rest = ''] = /^prompt_(\w+)(?: (.*))?$/s.exec(action) ?? [];
  switch (name) {
    case 'begin':
      return { kind: 'begin', title: rest };
    case 'button':
    case 'footer_button':
      return { kind: 'button', promptId: readButton(rest) };
    case 'show':
      return { kind: 'show' };
    case 'end':
      return { kind: 'end' };
    default:
      return null;
  }
}

function readButton(text: string): string | null {
  const gcode = text.split('|')[1] ?? '';
  const action = /MSG=action:(\S+)/.exec(gcode)?.[1];
  return action === undefined ? null : (readAnswerAction(action)?.promptId ?? null);
}

function readAnswerAction(action: string): Extract<PromptLine, { kind: 'answer' }> | null {
  const [, word, promptId] = /^lookout_([a-z-]+)_([A-Za-z0-9-]{1,64})$/.exec(action) ?? [];
  if (word === undefined || promptId === undefined || !isAnswer(word)) return null;
  return { kind: 'answer', answer: word, promptId };
}

function isAnswer(word: string): word is Answer {
  return Object.hasOwn(buttons, word);
}
