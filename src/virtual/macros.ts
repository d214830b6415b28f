// The macros of a virtual printer: those of mainsail.cfg, the start and end of a print, and those that a test brings.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { numberParam, VirtualGcodeError } from './gcode-line.ts';
import type { Heater } from './heater.ts';
import type { IdleTimeout } from './idle-timeout.ts';
import type { Motion } from './motion.ts';
import type { PauseResume } from './pause-resume.ts';
import type { StandardCommands } from './standard-commands.ts';

/** What a macro may do while its template is rendered, which is before any of its G-code runs. */
export interface MacroActions {
  callRemoteMethod(method: string, params?: Record<string, unknown>): void;
  respondInfo(text: string): void;
  /** Ends the script that called the macro with an error. */
  raiseError(text: string): never;
  emergencyStop(text: string): void;
}

/** A macro: takes its parameters, returns the G-code to run, one command a line. */
export type VirtualMacro = (params: Readonly<Record<string, string>>, actions: MacroActions) => string;

/** What the macros need. */
export interface MacrosDeps {
  readonly gcode: GcodeDispatch;
  readonly standard: StandardCommands;
  readonly motion: Motion;
  readonly extruder: Heater;
  readonly bed: Heater;
  readonly pauseResume: PauseResume;
  readonly idle: IdleTimeout;
  readonly canExtrude: () => boolean;
  readonly actions: MacroActions;
  /** ms of the machine's time that parking takes, with the lock held. */
  readonly parkMs: number;
}

const defaultHeatMs = 5_000;

/**
 * Registers the macros of a print's start and end, M600, and `own`.
 * @returns the names of all macros, as objects `gcode_macro NAME` show them
 */
export function registerMacros(deps: MacrosDeps, own: Readonly<Record<string, VirtualMacro>>): string[] {
  const { gcode, bed, extruder } = deps;

  gcode.register('START_PRINT', async (command) => {
    const heatMs = numberParam(command, 'HEAT_MS', defaultHeatMs, { min: 0 });
    bed.setTarget(numberParam(command, 'BED_TEMP', 60, { min: 0 }), heatMs);
    extruder.setTarget(numberParam(command, 'EXTRUDER_TEMP', 210, { min: 0 }), heatMs);
    await deps.standard.waitForHeaters([bed, extruder]);
    await gcode.runInside('G28\nG90\nM83\nM117 Printing');
  });
  gcode.register('END_PRINT', () => gcode.runInside('M400\nTURN_OFF_HEATERS\nM117 Done'));
  gcode.register('M600', () => gcode.runInside('PAUSE'));
  for (const [name, macro] of Object.entries(own)) {
    gcode.register(name.toUpperCase(), async (command) => {
      let script = '';
      try {
        script = macro(command.params, deps.actions);
      } catch (error) {
        if (!(error instanceof VirtualGcodeError)) throw error;
        throw new VirtualGcodeError(
          `Error evaluating 'gcode_macro ${name}:gcode': gcode.CommandError: ${error.message}\n`,
        );
      }
      await gcode.runInside(script);
    });
  }
  return ['START_PRINT', 'END_PRINT', 'M600', ...Object.keys(own)];
}

/** Renames the base commands and registers PAUSE, RESUME and CANCEL_PRINT as mainsail.cfg has them. Returns their names. */
export function registerMainsailMacros(deps: MacrosDeps): string[] {
  const { gcode, motion, extruder } = deps;
  let nozzleBefore = 0;

  /** _CLIENT_EXTRUDE and _CLIENT_RETRACT: a cold nozzle only says so. */
  const extrude = (mm: number) => {
    if (deps.canExtrude()) motion.extrude(mm);
    else gcode.respondRaw('echo: "extruder" not hot enough');
  };
  const park = async () => {
    extrude(-1);
    if (motion.homedAxes !== 'xyz') return gcode.respondRaw('echo: Printer not homed');
    deps.idle.noteActivity();
    motion.park(deps.parkMs);
    await motion.drain();
  };
  const refuseCold = () =>
    gcode.runInside(
      [
        'RESPOND TYPE=error MSG=\'Resume aborted !!! "extruder" not hot enough, please heat up again and press RESUME\'',
        'RESPOND TYPE=command MSG="action:prompt_begin RESUME aborted !!!"',
        'RESPOND TYPE=command MSG=\'action:prompt_text "extruder" not hot enough, please heat up again and press RESUME\'',
        'RESPOND TYPE=command MSG="action:prompt_footer_button Ok|RESPOND TYPE=command MSG=action:prompt_end|info"',
        'RESPOND TYPE=command MSG=action:prompt_show',
      ].join('\n'),
    );

  for (const name of ['PAUSE', 'RESUME', 'CANCEL_PRINT']) gcode.rename(name, `${name}_BASE`);
  gcode.register('_TOOLHEAD_PARK_PAUSE_CANCEL', park, 'Helper: park toolhead used in PAUSE and CANCEL_PRINT');
  gcode.register(
    'PAUSE',
    async () => {
      nozzleBefore = extruder.target;
      await gcode.runInside('PAUSE_BASE\n_TOOLHEAD_PARK_PAUSE_CANCEL');
    },
    'Pause the actual running print',
  );
  gcode.register(
    'RESUME',
    async () => {
      const isIdle = deps.idle.state() === 'Idle';
      // The idle timeout has cooled the nozzle: it is heated again, with the lock held.
      if (isIdle && !deps.canExtrude() && nozzleBefore > 0) await gcode.runInside(`M109 S${nozzleBefore}`);
      if (!deps.canExtrude()) return refuseCold();
      extrude(1);
      await gcode.runInside('RESUME_BASE');
    },
    'Resume the actual running print',
  );
  gcode.register(
    'CANCEL_PRINT',
    async () => {
      extrude(-5);
      await motion.drain();
      await gcode.runInside('TURN_OFF_HEATERS\nM106 S0\nCANCEL_PRINT_BASE');
    },
    'Cancel the actual running print',
  );
  return ['CANCEL_PRINT', 'PAUSE', 'RESUME', '_TOOLHEAD_PARK_PAUSE_CANCEL'];
}
