// The toolhead: position, homing and a queue of moves that runs behind the G-code, as Klipper's lookahead does.
import { type GcodeCommand, VirtualGcodeError } from './gcode-line.ts';
import type { Reactor } from './reactor.ts';

/** X, Y, Z in mm and E in mm of filament. */
export interface Position {
  x: number;
  y: number;
  z: number;
  e: number;
}

/** The motion system of one life. */
export interface Motion {
  readonly position: Readonly<Position>;
  readonly homedAxes: string;
  readonly isAbsoluteExtrude: boolean;
  /** Seconds of eventtime at which the last queued move ends. */
  readonly queueEnd: number;
  /** G0 and G1. Returns when the queue has room again. Throws VirtualGcodeError for moves that Klipper refuses. */
  move(command: GcodeCommand): Promise<void>;
  /** Adds a pause or a pure E move of `ms` to the queue. */
  dwell(ms: number): void;
  extrude(mm: number): void;
  /** Moves to the park position in `ms`, for PAUSE. */
  park(ms: number): void;
  /** Waits until the queue is empty (M400). */
  drain(): Promise<void>;
  home(): void;
  disableMotors(): void;
  setAbsolute(what: 'moves' | 'extrude', isAbsolute: boolean): void;
  setPosition(command: GcodeCommand): void;
  save(name: string): void;
  /** Throws VirtualGcodeError when the state is unknown or the axes are not homed. */
  restore(name: string): void;
  gcodeMoveStatus(): Record<string, unknown>;
  toolheadStatus(): Record<string, unknown>;
  liveStatus(): Record<string, unknown>;
}

/** Build volume, mm. */
export const volume = { x: 235, y: 235, z: 250 };

/** Klipper holds about this much motion, in ms of the machine's time, before a G1 has to wait. */
const queueMs = 500;

/** Makes a toolhead that is not homed. */
export function createMotion(reactor: Reactor, canExtrude: () => boolean): Motion {
  const position: Position = { x: 0, y: 0, z: 0, e: 0 };
  const saved = new Map<string, Position & { isAbsolute: boolean; isAbsoluteExtrude: boolean }>();
  let homedAxes = '';
  let isAbsolute = true;
  let isAbsoluteExtrude = true;
  let feedrate = 1500;
  let velocity = 0;
  let queueEnd = 0;
  /** Where the G-code's E axis has its zero: G92 and a restored state move it, the filament stays where it is. */
  let zeroE = 0;

  const enqueue = (ms: number) => {
    queueEnd = Math.max(queueEnd, reactor.now()) + ms / 1000 / reactor.speed;
  };
  const waitUntilQueued = async (roomMs: number) => {
    const surplus = queueEnd - reactor.now() - roomMs / 1000 / reactor.speed;
    if (surplus > 0) await reactor.wait(surplus * 1000 * reactor.speed);
  };
  const checkTarget = (to: Position) => {
    const where = `${to.x.toFixed(3)} ${to.y.toFixed(3)} ${to.z.toFixed(3)} [${to.e.toFixed(3)}]`;
    if (homedAxes !== 'xyz') throw new VirtualGcodeError(`Must home axis first: ${where}`);
    const isInside =
      to.x >= 0 && to.x <= volume.x && to.y >= 0 && to.y <= volume.y && to.z >= -2 && to.z <= volume.z;
    if (!isInside) throw new VirtualGcodeError(`Move out of range: ${where}`);
  };
  const list = (p: Position) => [p.x, p.y, p.z, p.e];

  return {
    position,
    get homedAxes() {
      return homedAxes;
    },
    get isAbsoluteExtrude() {
      return isAbsoluteExtrude;
    },
    get queueEnd() {
      return queueEnd;
    },
    move: async (command) => {
      const read = (key: string): number | null => {
        const text = command.params[key];
        if (text === undefined) return null;
        const value = Number(text);
        if (text === '' || !Number.isFinite(value))
          throw new VirtualGcodeError(`Unable to parse move '${command.line}'`);
        return value;
      };
      const to = { ...position };
      for (const axis of ['x', 'y', 'z'] as const) {
        const value = read(axis.toUpperCase());
        if (value !== null) to[axis] = isAbsolute ? value : position[axis] + value;
      }
      const e = read('E');
      if (e !== null) to.e = isAbsolute && isAbsoluteExtrude ? zeroE + e : position.e + e;
      const f = read('F');
      if (f !== null && f <= 0) throw new VirtualGcodeError(`Invalid speed in '${command.line}'`);
      feedrate = f ?? feedrate;
      const path = Math.hypot(to.x - position.x, to.y - position.y, to.z - position.z);
      if (path > 0) checkTarget(to);
      if (to.e !== position.e && !canExtrude()) {
        throw new VirtualGcodeError(
          "Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details",
        );
      }
      const length = path > 0 ? path : Math.abs(to.e - position.e);
      Object.assign(position, to);
      velocity = feedrate / 60;
      enqueue((length / feedrate) * 60_000);
      await waitUntilQueued(queueMs);
    },
    dwell: enqueue,
    extrude: (mm) => {
      position.e += mm;
      enqueue((Math.abs(mm) / 35) * 1000);
    },
    park: (ms) => {
      Object.assign(position, {
        x: volume.x - 5,
        y: volume.y - 5,
        z: Math.min(position.z + 2, volume.z),
      });
      enqueue(ms);
    },
    drain: () => waitUntilQueued(0),
    home: () => {
      homedAxes = 'xyz';
      Object.assign(position, { x: 0, y: 0, z: 0 });
    },
    disableMotors: () => {
      homedAxes = '';
    },
    setAbsolute: (what, absolute) => {
      if (what === 'moves') isAbsolute = absolute;
      else isAbsoluteExtrude = absolute;
    },
    setPosition: (command) => {
      const e = Number(command.params['E'] ?? Number.NaN);
      if (Number.isFinite(e)) zeroE = position.e - e;
    },
    save: (name) => saved.set(name, { ...position, e: position.e - zeroE, isAbsolute, isAbsoluteExtrude }),
    restore: (name) => {
      const state = saved.get(name);
      if (state === undefined) throw new VirtualGcodeError(`Unknown g-code state: ${name}`);
      const { x, y, z, e } = state;
      if (x !== position.x || y !== position.y || z !== position.z) checkTarget({ x, y, z, e: position.e });
      Object.assign(position, { x, y, z });
      zeroE = position.e - e;
      isAbsolute = state.isAbsolute;
      isAbsoluteExtrude = state.isAbsoluteExtrude;
    },
    gcodeMoveStatus: () => ({
      speed_factor: 1,
      speed: feedrate,
      extrude_factor: 1,
      absolute_coordinates: isAbsolute,
      absolute_extrude: isAbsoluteExtrude,
      homing_origin: [0, 0, 0, 0],
      position: list(position),
      gcode_position: list({ ...position, e: position.e - zeroE }),
      axis_map: { X: 0, Y: 1, Z: 2, E: 3 },
    }),
    toolheadStatus: () => ({
      homed_axes: homedAxes,
      axis_minimum: [0, 0, -2, 0],
      axis_maximum: [volume.x, volume.y, volume.z, 0],
      cone_start_z: null,
      print_time: queueEnd,
      stalls: 0,
      estimated_print_time: reactor.now(),
      extruder: 'extruder',
      position: list(position),
      max_velocity: 300,
      max_accel: 3000,
      minimum_cruise_ratio: 0.5,
      square_corner_velocity: 5,
    }),
    liveStatus: () => ({
      live_position: list(position),
      live_velocity: queueEnd > reactor.now() ? velocity : 0,
      live_extruder_velocity: 0,
      steppers: ['extruder', 'stepper_x', 'stepper_y', 'stepper_z'],
      trapq: ['extruder', 'toolhead'],
    }),
  };
}
