// The macros of klipper/lookout.cfg in a virtual printer, as Klipper would run them: included after mainsail.cfg, or before it.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { numberParam } from './gcode-line.ts';
import type { Heater } from './heater.ts';
import type { MacroActions } from './macros.ts';
import type { PauseResume } from './pause-resume.ts';

/** What the macros need. */
export interface LookoutMacrosDeps {
  readonly gcode: GcodeDispatch;
  readonly extruder: Heater;
  readonly pauseResume: PauseResume;
  readonly actions: MacroActions;
}

/** Registers them around the RESUME that is there. Returns their names as the file spells them. */
export function registerLookoutMacros(deps: LookoutMacrosDeps): string[] {
  const { gcode, extruder, pauseResume, actions } = deps;
  const hold = { target: 0, standby: 0 };

  const remote = (name: string, method: string, params: Readonly<Record<string, string>> = {}) => {
    gcode.register(
      name,
      (command) => {
        const given = Object.entries(params).flatMap(([key, param]) => {
          const value = command.params[param];
          return value === undefined ? [] : [[key, value]];
        });
        actions.callRemoteMethod(method, Object.fromEntries(given));
      },
      'Calls moonraker-lookout',
    );
    return name;
  };
  const remotes = [
    remote('LOOKOUT_STATUS', 'lookout_status'),
    remote('LOOKOUT_CHECK', 'lookout_check'),
    remote('LOOKOUT_WATCH', 'lookout_watch', { enable: 'ENABLE' }),
    remote('LOOKOUT_MUTE', 'lookout_mute', { minutes: 'MINUTES', scope: 'SCOPE' }),
    remote('LOOKOUT_UNMUTE', 'lookout_unmute'),
    remote('LOOKOUT_NOTIFY', 'notify', { name: 'NAME', message: 'MSG' }),
  ];

  gcode.register(
    'LOOKOUT_STANDBY',
    async (command) => {
      const standby = numberParam(command, 'TEMP', 0, { min: 0 });
      if (standby === 0 || !pauseResume.isPaused || extruder.target <= standby) return;
      Object.assign(hold, { target: extruder.target, standby });
      await gcode.runInside(`SET_HEATER_TEMPERATURE HEATER=extruder TARGET=${standby}`);
    },
    'Cools the nozzle of a paused print to TEMP until it is resumed',
  );
  gcode.rename('RESUME', '_LOOKOUT_RESUME');
  gcode.register(
    'RESUME',
    async () => {
      if (pauseResume.isPaused && hold.target > 0 && extruder.target === hold.standby) {
        actions.respondInfo(`Lookout: the nozzle is warmed up to ${hold.target} before the print goes on`);
        await gcode.runInside(
          `SET_HEATER_TEMPERATURE HEATER=extruder TARGET=${hold.target}\nTEMPERATURE_WAIT SENSOR=extruder MINIMUM=${hold.target - 2}`,
        );
      }
      hold.target = 0;
      await gcode.runInside('_LOOKOUT_RESUME');
    },
    'Resumes the print, after warming the nozzle up where moonraker-lookout has cooled it',
  );
  return [...remotes, 'LOOKOUT_STANDBY', 'Resume'];
}
