// The doors to control: requests to the agent `lookout`, and calls from Klipper's macros, which are answered in the console.
import { LookoutError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { MethodHandler } from '../moonraker/requests-to-us.ts';
import type { Control } from './control.ts';

/** What the doors are set into. */
export interface DoorDeps {
  readonly control: Control;
  readonly addMethod: (name: string, handler: MethodHandler) => () => void;
  /** Writes a plain line into the printer's console. */
  readonly say: (text: string) => Promise<void>;
  /** Writes a red line into the printer's console. */
  readonly complain: (text: string) => Promise<void>;
  readonly log: Log;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** What macros can call, in klipper/lookout.cfg: `lookout_check` for LOOKOUT_CHECK. */
const macroMethods = ['status', 'check', 'mute', 'unmute', 'watch'] as const;

/** Answers that wait for the console at once: it may be blocked for minutes, while a macro asks again and again. */
const maxWaiting = 5;

/** The names that have to be registered for macros. */
export const remoteMethodNames: readonly string[] = macroMethods.map((name) => `lookout_${name}`);

/** Opens both doors. */
export function openDoors(deps: DoorDeps): void {
  const { control, addMethod, log, signal } = deps;
  let waiting = 0;
  for (const name of control.methods) {
    addMethod(`lookout.${name}`, (params) => control.call(name, params, 'agent', signal));
  }
  for (const name of macroMethods) {
    addMethod(`lookout_${name}`, async (params) => {
      log.info('a macro asks', { method: name });
      if (waiting >= maxWaiting) return log.warn('too many answers wait for the console', { method: name });
      waiting += 1;
      // Not waited for: a macro gets no answer, and the line waits for whatever G-code runs.
      void answerInConsole(deps, () => control.call(name, params, 'macro', signal)).finally(() => {
        waiting -= 1;
      });
    });
  }
}

async function answerInConsole(
  deps: DoorDeps,
  work: () => Promise<{ readonly text: string }>,
): Promise<void> {
  try {
    const outcome = await work().then(
      ({ text }) =>
        () =>
          deps.say(text),
      (error: unknown) => () => deps.complain(complaint(error)),
    );
    await outcome();
  } catch (error) {
    deps.log.warn('a macro could not be answered in the console', { error });
  }
}

function complaint(error: unknown): string {
  if (!(error instanceof LookoutError)) return 'Lookout: that has failed; the log tells why.';
  return `Lookout: ${error.message} [${error.code}] ${error.hint}`.trim();
}
