// One life of a virtual Klipper, from start to restart: all modules wired together, and the tree of their statuses.
import { makeConfigfile } from './configfile.ts';
import { createDisplayStatus } from './display-status.ts';
import { createExcludeObject } from './exclude-object.ts';
import { createFilamentSensor, type FilamentSensor } from './filament-sensor.ts';
import { createGcodeDispatch, type GcodeDispatch } from './gcode-dispatch.ts';
import { VirtualGcodeError } from './gcode-line.ts';
import { createHeater } from './heater.ts';
import { createIdleTimeout } from './idle-timeout.ts';
import { registerLookoutMacros } from './lookout-macros.ts';
import { type MacrosDeps, registerMacros, registerMainsailMacros, type VirtualMacro } from './macros.ts';
import { createMotion, type Motion } from './motion.ts';
import { createPauseResume } from './pause-resume.ts';
import { createPrintStats, type PrintStats } from './print-stats.ts';
import { createReactor, KlippyGone, type Reactor } from './reactor.ts';
import { registerStandardCommands } from './standard-commands.ts';
import { createStatusSampler, type StatusSampler } from './status-sampler.ts';
import { createVirtualSd, type VirtualSd } from './virtual-sd.ts';

/** `webhooks.state`. */
export type KlipperState = 'startup' | 'ready' | 'shutdown' | 'error';

/** What one life needs. */
export interface KlipperOptions {
  readonly speed: number;
  readonly sampleMs: number;
  readonly parkMs: number;
  readonly idleTimeoutS: number;
  readonly gcodesPath: string;
  readonly macros: 'mainsail' | 'plain';
  readonly hasLookoutMacros: boolean;
  readonly ownMacros: Readonly<Record<string, VirtualMacro>>;
  /** Klipper's text when the configuration is broken; the life then ends in `error`. null for a good one. */
  readonly configError: string | null;
  readonly readFile: (filename: string) => string | null;
  readonly pins: Map<string, number>;
  readonly onOutput: (line: string) => void;
  readonly onCommand: (name: string) => void;
  readonly onState: (state: KlipperState) => void;
  readonly onRestartAsked: () => void;
}

/** A running host process. */
export interface Klipper {
  readonly state: KlipperState;
  readonly stateMessage: string;
  readonly gcode: GcodeDispatch;
  readonly sampler: StatusSampler;
  readonly reactor: Reactor;
  readonly motion: Motion;
  readonly stats: PrintStats;
  readonly sd: VirtualSd;
  readonly sensor: FilamentSensor;
  readonly objectNames: readonly string[];
  /** Who is called by `action_call_remote_method`. */
  readonly remoteMethods: Map<string, Set<(params: Record<string, unknown>) => void>>;
  /** The fields of one object, null when there is none of that name. */
  objectStatus(name: string): Record<string, unknown> | null;
  /** Goes from `startup` to `ready` or `error`. */
  finishStart(): void;
  /** Emergency stop or a fault; `reason` is the first part of the state text. */
  shutdown(reason: string): void;
  /** Ends the process: whatever runs in it is rejected with KlippyGone. */
  dispose(): void;
}

const startupMessage =
  'Printer is not ready\nThe klippy host software is attempting to connect.  Please\nretry in a few moments.\n';
const shutdownAdvice =
  '\nOnce the underlying issue is corrected, use the\n"FIRMWARE_RESTART" command to reset the firmware, reload the\nconfig, and restart the host software.\nPrinter is shutdown\n';
const configAdvice =
  '\nOnce the underlying issue is corrected, use the "RESTART"\ncommand to reload the config and restart the host software.\nPrinter is halted\n';

/** Klipper's `min_extrude_temp`. */
const minExtrude = 170;
const restartDwellMs = 500;

/** Starts a process in `startup`. */
export function createKlipper(options: KlipperOptions): Klipper {
  const reactor = createReactor(options.speed);
  const now = () => reactor.now();
  let state: KlipperState = 'startup';
  let stateMessage = startupMessage;
  const remoteMethods: Klipper['remoteMethods'] = new Map();

  const extruder = createHeater(
    { name: 'extruder', degreesPerSecond: 20, coolingSeconds: 60 },
    now,
    options.speed,
  );
  const bed = createHeater(
    { name: 'heater_bed', degreesPerSecond: 5, coolingSeconds: 300 },
    now,
    options.speed,
  );
  const canExtrude = () => extruder.temperature() >= minExtrude;
  const motion = createMotion(reactor, canExtrude);
  const stats = createPrintStats(now, () => motion.position.e);
  const gcode = createGcodeDispatch({
    onOutput: options.onOutput,
    onCommand: options.onCommand,
    refusal: () => (state === 'ready' ? null : stateMessage),
  });
  const onErrorGcode = options.macros === 'mainsail' ? 'CANCEL_PRINT' : 'TURN_OFF_HEATERS';
  const exclude = createExcludeObject(gcode);
  const sd = createVirtualSd({
    reactor,
    gcode,
    stats,
    read: options.readFile,
    pathOf: (filename) => `${options.gcodesPath}/${filename}`,
    onErrorGcode,
    onReset: exclude.reset,
  });
  const pauseResume = createPauseResume({ gcode, sd, motion });
  const idle = createIdleTimeout({ gcode, motion, reactor, sd }, options.idleTimeoutS);
  const displayStatus = createDisplayStatus({
    gcode,
    now,
    isIdle: () => idle.state() !== 'Printing',
    fileProgress: () => Number(sd.status()['progress']),
  });
  const sensor = createFilamentSensor('runout', {
    gcode,
    pauseResume,
    reactor,
    isWorking: () => idle.state() === 'Printing',
  });

  const setState = (next: KlipperState, message: string) => {
    state = next;
    stateMessage = message;
    options.onState(next);
  };
  const shutdown = (reason: string) => {
    if (state === 'shutdown' || reactor.isGone) return;
    const wasReady = state === 'ready';
    sd.halt();
    for (const heater of [extruder, bed]) heater.setTarget(0);
    setState('shutdown', `${reason}${shutdownAdvice}`);
    if (wasReady) gcode.respondInfo('Klipper state: Shutdown');
    reactor.wakeAll();
  };

  const standard = registerStandardCommands({
    ...{ gcode, motion, reactor, sd, stats, exclude, extruder, bed, pins: options.pins },
    isShutdown: () => state !== 'ready',
    noteActivity: idle.noteActivity,
  });
  gcode.register('M112', () => shutdown('Shutdown due to M112 command'), '', true);
  const restart = async () => {
    if (state === 'ready') {
      await motion.drain();
      await reactor.wait(restartDwellMs);
    }
    options.onRestartAsked();
    throw new KlippyGone();
  };
  gcode.register('RESTART', restart, 'Reload config file and restart host software', true);
  gcode.register('FIRMWARE_RESTART', restart, 'Restart firmware, host, and reload config', true);
  gcode.register(
    'STATUS',
    () => {
      if (state === 'ready') return gcode.respondInfo('Klipper state: Ready');
      throw new VirtualGcodeError(`${stateMessage.trimEnd()}\nKlipper state: Not ready`);
    },
    'Report the printer status',
    true,
  );

  const macroDeps: MacrosDeps = {
    ...{ gcode, standard, motion, extruder, bed, pauseResume, idle, canExtrude, parkMs: options.parkMs },
    actions: {
      callRemoteMethod: (method, params = {}) => {
        // Nobody registered: Klipper writes a log line and goes on.
        for (const call of remoteMethods.get(method) ?? []) call(params);
      },
      respondInfo: (text) => gcode.respondInfo(text),
      raiseError: (text) => {
        throw new VirtualGcodeError(text);
      },
      emergencyStop: (text) => shutdown(`Shutdown due to ${text}`),
    },
  };
  const macros = [
    ...(options.macros === 'mainsail' ? registerMainsailMacros(macroDeps) : []),
    ...registerMacros(macroDeps, options.ownMacros),
    ...(options.hasLookoutMacros ? registerLookoutMacros(macroDeps) : []),
  ];
  const configfile = makeConfigfile({
    gcodesPath: options.gcodesPath,
    onErrorGcode,
    idleTimeoutS: options.idleTimeoutS,
    macros,
  });

  const always = (fields: Record<string, unknown>) => () => fields;
  const objects = new Map<string, () => Record<string, unknown>>([
    [
      'gcode',
      () => ({
        commands: Object.fromEntries(
          [...gcode.commands()].map(([name, { help }]) => [name, help === '' ? {} : { help }]),
        ),
      }),
    ],
    ['webhooks', () => ({ state, state_message: stateMessage })],
    ['configfile', always(configfile)],
    [
      'mcu',
      always({
        mcu_version: 'v0.13.0-0-g0000000',
        mcu_build_versions: '',
        mcu_constants: {},
        last_stats: {},
      }),
    ],
    ['gcode_move', motion.gcodeMoveStatus],
    ['print_stats', stats.status],
    ['virtual_sdcard', sd.status],
    ['pause_resume', () => ({ is_paused: pauseResume.isPaused })],
    ['display_status', displayStatus],
    ...macros.map((name) => [`gcode_macro ${name}`, always({})] as const),
    [
      'heaters',
      always({
        available_heaters: ['heater_bed', 'extruder'],
        available_sensors: ['heater_bed', 'extruder'],
        available_monitors: [],
      }),
    ],
    ['heater_bed', bed.status],
    ['fan', always({ speed: 0, rpm: null })],
    ['output_pin light', () => ({ value: options.pins.get('light') ?? 1 })],
    ['filament_switch_sensor runout', sensor.status],
    ['exclude_object', exclude.status],
    ['idle_timeout', idle.status],
    ['query_endstops', always({ last_query: {} })],
    ['stepper_enable', always({ steppers: {} })],
    ['motion_report', motion.liveStatus],
    ['toolhead', motion.toolheadStatus],
    [
      'extruder',
      () => ({ ...extruder.status(), can_extrude: canExtrude(), pressure_advance: 0, smooth_time: 0.04 }),
    ],
    ['system_stats', always({ sysload: 0.2, cputime: 10, memavail: 2_000_000 })],
    [
      'manual_probe',
      always({ is_active: false, z_position: null, z_position_lower: null, z_position_upper: null }),
    ],
  ]);
  const objectStatus = (name: string) => objects.get(name)?.() ?? null;
  const sampler = createStatusSampler(objectStatus, now, options.sampleMs);

  return {
    get state() {
      return state;
    },
    get stateMessage() {
      return stateMessage;
    },
    ...{ gcode, sampler, reactor, motion, stats, sd, sensor, remoteMethods, objectStatus, shutdown },
    objectNames: [...objects.keys()],
    finishStart: () => {
      if (options.configError !== null) return setState('error', `${options.configError}${configAdvice}`);
      setState('ready', 'Printer is ready');
    },
    dispose: () => {
      sampler.close();
      sd.halt();
      gcode.lock.break(new KlippyGone());
      reactor.dispose();
    },
  };
}
