// The everyday G-code of a printer: moves, heaters, fan, G-code states, the SD card, and commands that do nothing here.
import type { ExcludeObject } from './exclude-object.ts';
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { type GcodeCommand, numberParam, textParam, VirtualGcodeError } from './gcode-line.ts';
import type { Heater } from './heater.ts';
import type { Motion } from './motion.ts';
import type { PrintStats } from './print-stats.ts';
import type { Reactor } from './reactor.ts';
import type { VirtualSd } from './virtual-sd.ts';

/** The parts that the commands act on. */
export interface StandardCommandsDeps {
  readonly gcode: GcodeDispatch;
  readonly motion: Motion;
  readonly reactor: Reactor;
  readonly sd: VirtualSd;
  readonly stats: PrintStats;
  readonly exclude: ExcludeObject;
  readonly extruder: Heater;
  readonly bed: Heater;
  readonly isShutdown: () => boolean;
  /** Called for everything that uses the toolhead. */
  readonly noteActivity: () => void;
  /** Output pins by name, 0..1. */
  readonly pins: Map<string, number>;
}

/** What macros need of these commands. */
export interface StandardCommands {
  /** Waits until the heaters are warm or a shutdown comes, telling the temperatures once a second. */
  waitForHeaters(heaters: readonly Heater[]): Promise<void>;
}

const homingMs = 300;
const ignored = [
  ...['M106', 'M107', 'M204', 'M205', 'M220', 'M221', 'M900', 'T0', 'G21', 'M107', 'M110', 'M18'],
  ...['SET_GCODE_VARIABLE', 'SET_VELOCITY_LIMIT', 'SET_PRESSURE_ADVANCE', 'BED_MESH_CALIBRATE'],
];

/** Registers the commands. */
export function registerStandardCommands(deps: StandardCommandsDeps): StandardCommands {
  const { gcode, motion, reactor, sd, extruder, bed } = deps;
  const heaters = new Map([extruder, bed].map((heater) => [heater.name, heater]));
  const move = async (command: GcodeCommand) => {
    deps.noteActivity();
    if (!deps.exclude.isSkipping) await motion.move(command);
  };
  const report = () => {
    const part = (heater: Heater) => `${heater.temperature().toFixed(1)} /${heater.target.toFixed(1)}`;
    gcode.respondRaw(`B:${part(bed)} T0:${part(extruder)}`);
  };
  const waitForHeaters = async (wanted: readonly Heater[]) => {
    deps.noteActivity();
    while (!deps.isShutdown() && wanted.some((heater) => !heater.isReached())) {
      const restMs = Math.max(...wanted.map((heater) => heater.remainingMs()));
      await reactor.wait(Math.min(restMs + 1, 1000));
      if (restMs > 1000) report();
    }
  };
  const heaterNamed = (command: GcodeCommand): Heater => {
    const name = textParam(command, 'HEATER');
    const heater = heaters.get(name);
    if (heater === undefined) throw new VirtualGcodeError(`The value '${name}' is not valid for HEATER`);
    return heater;
  };
  const setTo = (heater: Heater, mustWait: boolean) => async (command: GcodeCommand) => {
    heater.setTarget(numberParam(command, 'S', 0, { min: 0 }));
    if (mustWait && heater.target > 0) await waitForHeaters([heater]);
  };

  gcode.register('G0', move);
  gcode.register('G1', move);
  gcode.register('G28', async () => {
    deps.noteActivity();
    await motion.drain();
    await reactor.wait(homingMs);
    motion.home();
  });
  gcode.register('G4', (command) => motion.dwell(numberParam(command, 'P', 0, { min: 0 })));
  gcode.register('G90', () => motion.setAbsolute('moves', true));
  gcode.register('G91', () => motion.setAbsolute('moves', false));
  gcode.register('M82', () => motion.setAbsolute('extrude', true));
  gcode.register('M83', () => motion.setAbsolute('extrude', false));
  gcode.register('G92', (command) => motion.setPosition(command));
  gcode.register('M400', () => motion.drain());
  gcode.register('M84', async () => {
    await motion.drain();
    motion.disableMotors();
  });
  gcode.register('SAVE_GCODE_STATE', (command) => motion.save(textParam(command, 'NAME', 'default')));
  gcode.register('RESTORE_GCODE_STATE', (command) => motion.restore(textParam(command, 'NAME', 'default')));

  gcode.register('M104', setTo(extruder, false));
  gcode.register('M109', setTo(extruder, true));
  gcode.register('M140', setTo(bed, false));
  gcode.register('M190', setTo(bed, true));
  gcode.register('M105', report, '', true);
  gcode.register('SET_HEATER_TEMPERATURE', (command) => {
    heaterNamed(command).setTarget(numberParam(command, 'TARGET', 0, { min: 0 }));
  });
  gcode.register('TEMPERATURE_WAIT', () => waitForHeaters([extruder, bed]));
  gcode.register('TURN_OFF_HEATERS', () => {
    for (const heater of heaters.values()) heater.setTarget(0);
  });
  gcode.register('SET_PIN', (command) => {
    deps.pins.set(textParam(command, 'PIN'), numberParam(command, 'VALUE', undefined, { min: 0 }));
  });

  gcode.register('SDCARD_PRINT_FILE', (command) => {
    sd.open(textParam(command, 'FILENAME'));
    sd.start();
  });
  gcode.register('SDCARD_RESET_FILE', () => sd.reset());
  gcode.register('M23', (command) => sd.open(command.raw.trim()));
  gcode.register('M24', () => sd.start());
  gcode.register('M25', () => sd.stop());
  gcode.register('M27', () => {
    const { file_position: at, file_size: of } = sd.status();
    gcode.respondRaw(sd.file === null ? 'Not SD printing.' : `SD printing byte ${at}/${of}`);
  });
  gcode.register('SET_PRINT_STATS_INFO', (command) => deps.stats.setInfo(command));
  for (const name of ignored) gcode.register(name, () => undefined);
  return { waitForHeaters };
}
