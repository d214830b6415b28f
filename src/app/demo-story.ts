// What happens in the demo, told as a timeline: when the print went wrong, when that was seen, when it stood still.
import { sayDuration } from '../core/explain.ts';
import type { Clock } from '../core/ports.ts';
import type { VirtualPrinter } from '../virtual/printer.ts';
import { liveLine } from './live-line.ts';
import type { Watch } from './watch.ts';

/** The story. */
export interface DemoStory {
  liveLine(): string;
  /** Resolves when the printer is seen for the first time. */
  ready(signal: AbortSignal): Promise<void>;
  /** Resolves with true once the print is paused and the dialog is in the console, with false after `limitMs`. */
  pausedAndTold(limitMs: number, signal: AbortSignal): Promise<boolean>;
  timeline(): readonly string[];
  /** The dialog as Mainsail and Fluidd show it. */
  dialog(): readonly string[];
}

interface Event {
  readonly tickMs: number;
  readonly text: string;
}

const pollMs = 50;

/** Listens from now on. */
export function createDemoStory(parts: {
  readonly watch: Watch;
  readonly printer: VirtualPrinter;
  readonly clock: Clock;
}): DemoStory {
  const { watch, printer, clock } = parts;
  const events: Event[] = [];
  let firstBadTickMs: number | null = null;
  let pausedTickMs: number | null = null;
  let isFailingRaised = false;
  let dialog: string[] = [];
  let isDialogOut = false;
  let phase = '';

  const note = (text: string) => events.push({ tickMs: clock.now().tickMs, text });
  printer.onGcodeResponse((line) => {
    const action = /^\/\/ action:prompt_(.*)$/.exec(line)?.[1];
    if (action === undefined) return;
    if (action.startsWith('begin ')) dialog = [];
    dialog.push(action);
    if (action === 'show') {
      isDialogOut = isFailingRaised;
      note('Mainsail and Fluidd show the dialog');
    }
  });
  watch.onChange((status, input, effects) => {
    const { tickMs } = clock.now();
    if (input.kind === 'print-changed' && status.print.kind !== phase) {
      phase = status.print.kind;
      if (phase === 'heating') note('the print starts: heating');
      if (phase === 'printing') note('the first filament flows: watching begins');
      if (phase === 'paused') {
        pausedTickMs ??= tickMs;
        note('Klipper reports the print paused');
      }
    }
    if (input.kind === 'frame-assessed') {
      const isBad = printer.scene().spaghetti > 0;
      if (isBad) firstBadTickMs ??= tickMs;
      const score = Math.round(input.assessment.score * 100);
      note(`picture judged: failure score ${score} of 100${isBad ? '  (spaghetti on the bed)' : ''}`);
    }
    for (const effect of effects) {
      if (effect.kind === 'take-action') note('the print is failing: pause asked for');
      if (effect.kind === 'raise-alert') {
        if (effect.alert.level === 'warning') note('warning raised');
        else isFailingRaised = true;
      }
    }
  });

  const until = async (isTrue: () => boolean, limitMs: number, signal: AbortSignal): Promise<boolean> => {
    const endTickMs = clock.now().tickMs + limitMs;
    while (!isTrue() && clock.now().tickMs < endTickMs) await clock.sleep(pollMs, signal);
    return isTrue();
  };

  return {
    liveLine: () => liveLine(watch.status(), clock.now().tickMs),
    ready: async (signal) => {
      const isReady = await until(() => watch.status().print.kind !== 'not-ready', 10_000, signal);
      if (!isReady) throw new Error('the virtual printer was not ready within 10 s');
    },
    pausedAndTold: (limitMs, signal) => until(() => pausedTickMs !== null && isDialogOut, limitMs, signal),
    timeline: () => {
      const startTickMs = events[0]?.tickMs ?? 0;
      const lines = events.map(
        ({ tickMs, text }) => `${((tickMs - startTickMs) / 1000).toFixed(1).padStart(7)} s  ${text}`,
      );
      if (firstBadTickMs !== null && pausedTickMs !== null) {
        const took = sayDuration(pausedTickMs - firstBadTickMs);
        lines.push('', `From the first bad picture to the observed pause: ${took}.`);
      }
      return lines;
    },
    dialog: () => drawDialog(dialog),
  };
}

const dialogWidth = 72;

/** Draws what the lines of a macro prompt say: a title, texts, and buttons by their labels. */
function drawDialog(actions: readonly string[]): string[] {
  const of = (name: string) =>
    actions.filter((one) => one.startsWith(`${name} `)).map((one) => one.slice(name.length + 1));
  const label = (button: string) => `[ ${button.split('|')[0]} ]`;
  const row = (text: string) => `│ ${text.padEnd(dialogWidth)} │`;
  const rule = '─'.repeat(dialogWidth + 2);
  const texts = of('text').flatMap((text) => wrap(text, dialogWidth));
  const buttons = [...of('button'), ...of('footer_button')].map(label).join('  ');
  return [
    '',
    `┌${rule}┐`,
    ...of('begin').map(row),
    `├${rule}┤`,
    ...texts.map(row),
    row(''),
    row(buttons),
    `└${rule}┘`,
  ];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
