// Shows a dialog in Mainsail, Fluidd and KlipperScreen as an alert would, and closes it on its button or after a while.
import type { Clock, Printer } from '../../core/ports.ts';
import type { Alert } from '../../core/types.ts';
import type { MoonrakerConnection } from '../../moonraker/connection.ts';
import { gcodeStoreSchema } from '../../moonraker/messages.ts';
import { readPromptHistory } from '../../moonraker/open-prompt.ts';
import { endPromptScript, promptScript, readPromptLine } from '../../moonraker/prompt-script.ts';
import { fail, type Outcome, ok, warn } from '../finding.ts';

/** How long the dialog is shown, ms. */
const promptShownMs = 60_000;
/** Longer than showing and closing it; both wait for Klipper's G-code lock. */
export const promptLimitMs = promptShownMs + 60_000;
const storeLines = 500;
/** An abort must not leave the dialog on the screens, ms. */
const closeLimitMs = 3_000;

/** What it needs. */
export interface TestPromptDeps {
  readonly connection: Pick<MoonrakerConnection, 'call'>;
  readonly printer: Pick<Printer, 'runGcode' | 'onGcodeResponse'>;
  readonly clock: Clock;
  /** Tells the user to look, once the dialog is shown. */
  readonly say: (line: string) => void;
}

/**
 * Shows it and waits. An alert of the service goes before it and replaces it; another program's dialog is not touched.
 * Rejects with a MoonrakerError, or with the signal's reason.
 */
export async function showTestPrompt(deps: TestPromptDeps, signal: AbortSignal): Promise<Outcome> {
  const { connection, printer, clock, say } = deps;
  const open = await readOpenPrompt(connection, signal);
  if (open !== null) {
    return warn(`not tried: the dialog "${open}" is open`, 'Close it in Mainsail or Fluidd, then try again.');
  }
  const alert = testAlert(`doctor-${clock.now().atMs.toString(36)}`);
  const ending = new AbortController();
  let isRespondUnknown = false;
  let isShown = false;
  let how: 'answered' | 'closed' | 'replaced' | null = null;
  const stop = printer.onGcodeResponse((text) => {
    if (/^\/\/ Unknown command:"RESPOND"/.test(text)) isRespondUnknown = true;
    const line = readPromptLine(text);
    if (line?.kind === 'answer' && line.promptId === alert.incidentId) how ??= 'answered';
    if (isShown && line?.kind === 'end') how ??= 'closed';
    if (isShown && line?.kind === 'begin') how ??= 'replaced';
    if (line?.kind === 'show') isShown = true;
    if (how !== null) ending.abort();
  });
  try {
    await printer.runGcode(promptScript(alert), signal);
    if (isRespondUnknown) {
      return fail('Klipper does not know RESPOND', 'Add an empty [respond] section to printer.cfg.');
    }
    say(
      `      Look at Mainsail or Fluidd now: the dialog "${alert.title}" is shown for ${promptShownMs / 1000} s.`,
    );
    const either = AbortSignal.any([signal, ending.signal]);
    await clock.sleep(promptShownMs, either).catch(() => {});
    signal.throwIfAborted();
  } finally {
    stop();
    if (isShown && how !== 'closed' && how !== 'replaced') await close(printer, signal);
  }
  return outcomeOf(how);
}

function outcomeOf(how: 'answered' | 'closed' | 'replaced' | null): Outcome {
  switch (how) {
    case 'answered':
      return ok('shown, and its button was pressed');
    case 'closed':
      return ok('shown, and closed by somebody');
    case 'replaced':
      return warn('another dialog took its place', 'Try again.');
    case null:
      return warn(
        `nobody pressed its button within ${promptShownMs / 1000} s`,
        'If it was not to be seen: is Mainsail, Fluidd or KlipperScreen up to date, and open on this printer?',
      );
  }
}

/** Its title, or null where none is open. */
async function readOpenPrompt(
  connection: TestPromptDeps['connection'],
  signal: AbortSignal,
): Promise<string | null> {
  const answer = await connection.call('server.gcode_store', { count: storeLines }, gcodeStoreSchema, {
    signal,
  });
  const lines = answer.gcode_store.flatMap(({ message }) => message.split('\n'));
  return readPromptHistory(lines.flatMap((text) => readPromptLine(text) ?? [])).open?.title ?? null;
}

async function close(printer: TestPromptDeps['printer'], signal: AbortSignal): Promise<void> {
  const limit = signal.aborted ? AbortSignal.timeout(closeLimitMs) : signal;
  await printer.runGcode(endPromptScript, limit).catch(() => {});
}

function testAlert(incidentId: string): Alert {
  return {
    incidentId,
    level: 'warning',
    title: 'Lookout: a test',
    lines: [
      'moonraker-lookout doctor shows this to try whether alerts can be seen.',
      'Nothing is wrong with the print.',
    ],
    answers: ['seen'],
  };
}
