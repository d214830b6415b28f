// Klipper's print_stats: the state of the print and its three clocks, with their known oddities.
import { type GcodeCommand, numberParam } from './gcode-line.ts';

/** `print_stats.state`. */
export type PrintState = 'standby' | 'printing' | 'paused' | 'complete' | 'cancelled' | 'error';

/** Keeps what print_stats shows. */
export interface PrintStats {
  readonly state: PrintState;
  reset(): void;
  select(filename: string): void;
  /** The file starts or goes on. */
  started(): void;
  /** The file stands still but is open. */
  stopped(): void;
  /** The print is over; ignored when it was over already. */
  ended(state: 'complete' | 'cancelled' | 'error', message?: string): void;
  /** SET_PRINT_STATS_INFO. */
  setInfo(command: GcodeCommand): void;
  /** Looking at it moves it on, as in Klipper: filament is counted when somebody asks. */
  status(): Record<string, unknown> & { filename: string; info: { current_layer: number | null } };
}

/** Times in seconds, filament in mm. */
interface Counters {
  filename: string;
  message: string;
  state: PrintState;
  /** null before the start and after the end. */
  startS: number | null;
  /** Start of the running pause. */
  pausedS: number | null;
  pausesS: number;
  totalS: number;
  /** Time before the first extrusion: not part of print_duration. */
  initS: number;
  filament: number;
  lastE: number;
  totalLayer: number | null;
  currentLayer: number | null;
}

const fresh = (): Counters => ({
  filename: '',
  message: '',
  state: 'standby',
  startS: null,
  pausedS: null,
  pausesS: 0,
  totalS: 0,
  initS: 0,
  filament: 0,
  lastE: 0,
  totalLayer: null,
  currentLayer: null,
});

/** Net extrusion below this many mm counts as none. */
const leastFilament = 1e-7;

/**
 * Makes the object in `standby`.
 * @param now seconds, monotonic
 * @param extruded position of E in mm
 */
export function createPrintStats(now: () => number, extruded: () => number): PrintStats {
  let it = fresh();

  const countFilament = () => {
    const e = extruded();
    it.filament += e - it.lastE;
    it.lastE = e;
  };

  return {
    get state() {
      return it.state;
    },
    reset: () => {
      it = fresh();
    },
    select: (filename) => {
      it = { ...fresh(), filename };
    },
    started: () => {
      if (it.startS === null) it.startS = now();
      else if (it.pausedS !== null) {
        it.pausesS += now() - it.pausedS;
        it.pausedS = null;
      }
      it.lastE = extruded();
      it.state = 'printing';
      it.message = '';
    },
    stopped: () => {
      if (it.pausedS === null) {
        it.pausedS = now();
        countFilament();
      }
      if (it.state !== 'error') it.state = 'paused';
    },
    ended: (state, message = '') => {
      if (it.startS === null) return;
      it.state = state;
      it.message = message;
      it.totalS = now() - it.startS;
      // A running pause is not added to the pauses here: a print cancelled while paused seems to have printed on.
      if (it.filament < leastFilament) it.initS = it.totalS - it.pausesS;
      it.startS = null;
    },
    setInfo: (command) => {
      const optional = (key: string) =>
        command.params[key] === undefined
          ? null
          : Math.trunc(numberParam(command, key, undefined, { min: 0 }));
      const total = optional('TOTAL_LAYER') ?? it.totalLayer;
      const current = optional('CURRENT_LAYER') ?? it.currentLayer;
      if (total === 0) {
        it.totalLayer = null;
        it.currentLayer = null;
      } else if (total !== it.totalLayer) {
        it.totalLayer = total;
        it.currentLayer = 0;
      }
      if (it.totalLayer !== null && current !== null) it.currentLayer = Math.min(current, it.totalLayer);
    },
    status: () => {
      let pausesS = it.pausesS;
      if (it.startS !== null) {
        if (it.pausedS === null) countFilament();
        else pausesS += now() - it.pausedS;
        it.totalS = now() - it.startS;
        if (it.filament < leastFilament) it.initS = it.totalS - pausesS;
      }
      return {
        filename: it.filename,
        total_duration: it.totalS,
        print_duration: it.totalS - it.initS - pausesS,
        filament_used: it.filament,
        state: it.state,
        message: it.message,
        info: { total_layer: it.totalLayer, current_layer: it.currentLayer },
      };
    },
  };
}
