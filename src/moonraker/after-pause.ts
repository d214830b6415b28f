// What follows a pause of ours, while the alert is already out: the user's G-code, and the hotend's standby.
import * as v from 'valibot';
import type { PauseStep } from '../core/types.ts';

/** What is to follow; null for nothing. */
export interface AfterPauseOptions {
  /** `[action] after_pause_gcode`. */
  readonly afterPauseGcode: string | null;
  /** `[action] hotend_standby`, °C. */
  readonly hotendStandbyC: number | null;
}

/** What the steps need. */
export interface AfterPauseDeps {
  /** Runs G-code under Klipper's lock. Rejects with a MoonrakerError. */
  readonly runGcode: (script: string, signal: AbortSignal) => Promise<void>;
  /** Answer of `printer.gcode.help`: what each command says of itself. Rejects with a MoonrakerError. */
  readonly readHelp: (signal: AbortSignal) => Promise<unknown>;
}

/** How the RESUME of klipper/lookout.cfg describes itself: only the outermost RESUME shows its description. */
const holdMark = 'moonraker-lookout';
const helpSchema = v.record(v.string(), v.unknown());

/** Whether a resume, by anybody, will wait for the nozzle: the macros of klipper/lookout.cfg are there and on the outside. */
export function holdsResume(help: unknown): boolean {
  const commands = v.safeParse(helpSchema, help);
  if (!commands.success) return false;
  const { RESUME: resume, LOOKOUT_STANDBY: standby } = commands.output;
  return standby !== undefined && typeof resume === 'string' && resume.includes(holdMark);
}

/** Why the hotend stays hot, for the log and `check`. */
export const noHold =
  'a resume could not wait for it: printer.cfg does not include lookout.cfg, or includes it before the file that defines RESUME';

/**
 * Takes the steps one after the other. Each waits for Klipper, which may still be parking; one that fails does not keep the next
 * back. The macros themselves see to it that nothing is cooled or heated once the print is no longer paused.
 * @returns without an error when the signal aborts
 */
export async function followPause(
  options: AfterPauseOptions,
  deps: AfterPauseDeps,
  tell: (step: PauseStep) => void,
  signal: AbortSignal,
): Promise<void> {
  const { afterPauseGcode, hotendStandbyC } = options;
  const take = async (step: PauseStep['step'], work: () => Promise<string>) => {
    try {
      const message = await work();
      tell({ step, result: message === '' ? 'done' : 'skipped', message });
    } catch (error) {
      if (signal.aborted) return;
      tell({ step, result: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  if (afterPauseGcode !== null) {
    await take('after_pause_gcode', async () => {
      await deps.runGcode(afterPauseGcode, signal);
      return '';
    });
  }
  if (hotendStandbyC !== null && !signal.aborted) {
    await take('hotend_standby', async () => {
      if (!holdsResume(await deps.readHelp(signal))) return noHold;
      await deps.runGcode(`LOOKOUT_STANDBY TEMP=${hotendStandbyC}`, signal);
      return '';
    });
  }
}
