// Makes one tagged `Print` out of what Klipper reports: new prints, resumes, look-alike pauses, ends.
import { isSameJob } from './job.ts';
import type { Job, NotReadyWhy, PausedBy, PauseFlag, Print } from './types.ts';

/** One reading of Klipper's status objects. Durations in ms, `progress` 0..1. */
export interface PrinterSnapshot {
  /** `ready` only when `webhooks.state` is ready: everything else makes the rest meaningless. */
  readonly klippy: 'ready' | NotReadyWhy;
  /** `webhooks.state_message` or the connection's own reason. */
  readonly message: string;
  /** `print_stats.state`. */
  readonly state: 'standby' | 'printing' | 'paused' | 'complete' | 'cancelled' | 'error';
  /** `print_stats.message`. */
  readonly errorMessage: string;
  readonly filename: string;
  readonly printDurationMs: number;
  readonly totalDurationMs: number;
  /** `virtual_sdcard.file_position`, bytes. */
  readonly filePosition: number;
  /** `pause_resume.is_paused`. */
  readonly isPaused: boolean;
  /** `virtual_sdcard.is_active`. */
  readonly isSdActive: boolean;
  readonly progress: number;
  readonly layer: number | null;
  readonly totalLayer: number | null;
  /** Some filament sensor is enabled and sees none. */
  readonly isFilamentOut: boolean;
  /** Klipper's `eventtime` of this reading in ms. */
  readonly eventTickMs: number;
}

/** What can happen to the tracker. `tickMs` is this host's monotonic clock. */
export type PrintTrackerInput =
  | {
      readonly kind: 'read';
      readonly snapshot: PrinterSnapshot;
      /**
       * True when the ticking fields (durations, position) were read now, not carried over. The first reading of a
       * running print after not-ready must be full: without them nobody can tell which print it is.
       */
      readonly isFull: boolean;
      readonly tickMs: number;
    }
  /** We are about to send our own pause. */
  | { readonly kind: 'pause-requested' }
  /** Our own pause has ended, whichever way: a later pause is somebody else's. */
  | { readonly kind: 'pause-settled' }
  | { readonly kind: 'gcode-response'; readonly line: string; readonly tickMs: number };

/** The tracker's memory. `print` is the answer; the rest is how it knows. */
export interface PrintTrackerState {
  readonly print: Print;
  /** The job that was last printing or paused. */
  readonly job: Job | null;
  readonly pauseFlag: PauseFlag;
  /** File position when `is_paused` was first seen during printing; null while unknown. */
  readonly flagPosition: number | null;
  readonly isOurPauseOut: boolean;
  /** The last `!!` line: the only trace of an error that a macro turned into a cancel. */
  readonly errorLine: { readonly text: string; readonly tickMs: number } | null;
}

/** Before anything was read. */
export const initialPrintTracker: PrintTrackerState = {
  print: { kind: 'not-ready', why: 'no-moonraker', message: 'not connected to Moonraker yet' },
  job: null,
  pauseFlag: 'none',
  flagPosition: null,
  isOurPauseOut: false,
  errorLine: null,
};

/** An `!!` line explains a cancel only if it came this shortly before it (recorded: 0.2 to 0.3 s). */
const errorLineAgeMs = 5_000;

/** The next state for one input. Pure; the same inputs give the same states. */
export function trackPrint(state: PrintTrackerState, input: PrintTrackerInput): PrintTrackerState {
  switch (input.kind) {
    case 'pause-requested':
      return { ...state, isOurPauseOut: true };
    case 'pause-settled':
      return { ...state, isOurPauseOut: false };
    case 'gcode-response':
      // Only an error in the running file can cancel it; one while paused (a cold resume, say) is another matter.
      if (!input.line.startsWith('!!') || !isRunning(state.print)) return state;
      return { ...state, errorLine: { text: input.line.slice(2).trim(), tickMs: input.tickMs } };
    case 'read':
      return read(state, input);
  }
}

type Reading = Extract<PrintTrackerInput, { kind: 'read' }>;

function isRunning(print: Print): boolean {
  return print.kind === 'printing' || print.kind === 'heating';
}

function read(state: PrintTrackerState, reading: Reading): PrintTrackerState {
  const { snapshot, isFull } = reading;
  if (snapshot.klippy !== 'ready') {
    // An emergency stop reads `paused` for ever: while Klipper is not ready the print's state says nothing.
    return {
      ...state,
      print: { kind: 'not-ready', why: snapshot.klippy, message: snapshot.message },
      pauseFlag: 'none',
      flagPosition: null,
      isOurPauseOut: false,
    };
  }
  if (isUnidentified(state, snapshot, isFull)) {
    return { ...state, print: { kind: 'not-ready', why: 'startup', message: 'the print is being read' } };
  }
  switch (snapshot.state) {
    case 'standby':
      return { ...state, print: { kind: 'idle' }, job: null, pauseFlag: 'none', flagPosition: null };
    case 'printing':
      return printing(state, snapshot, isFull);
    case 'paused':
      return paused(state, snapshot, isFull);
    case 'complete':
    case 'cancelled':
    case 'error':
      return ended(state, reading, snapshot.state);
  }
}

/**
 * A print that was running before we could see it, read without its durations. Guessing its start would make
 * another print of it, and what is known of this one (an open incident, a mute) would be dropped.
 */
function isUnidentified(state: PrintTrackerState, snapshot: PrinterSnapshot, isFull: boolean): boolean {
  const isUnderWay = snapshot.state === 'printing' || snapshot.state === 'paused';
  const isKnown = state.job !== null && state.job.filename === snapshot.filename;
  return !isFull && isUnderWay && state.print.kind === 'not-ready' && !isKnown;
}

type End = Extract<Print, { kind: 'ended' }>;

function ended(
  state: PrintTrackerState,
  { snapshot, isFull, tickMs }: Reading,
  how: End['how'],
): PrintTrackerState {
  const before = state.print;
  // Klipper keeps reporting the end; the first reading of it knew the job and the reason.
  const isRepeated =
    before.kind === 'ended' && before.how === how && before.job.filename === snapshot.filename;
  const print: Print = isRepeated
    ? before
    : {
        kind: 'ended',
        job: jobOf(state, snapshot, isFull),
        how,
        message: endMessage(state, snapshot, tickMs),
      };
  return { ...state, print, job: null, pauseFlag: 'none', flagPosition: null, errorLine: null };
}

function printing(state: PrintTrackerState, snapshot: PrinterSnapshot, isFull: boolean): PrintTrackerState {
  const job = jobOf(state, snapshot, isFull);
  const isSameAsBefore = state.job !== null && isSameJob(state.job, job);
  const flag = isSameAsBefore ? state : initialPrintTracker;
  const { pauseFlag, flagPosition } = readPauseFlag(flag, snapshot, isFull);
  const kind = job.printDurationMs > 0 ? 'printing' : 'heating';
  return {
    ...state,
    print: { kind, job, pauseFlag },
    job,
    pauseFlag,
    flagPosition,
    errorLine: isSameAsBefore ? state.errorLine : null,
  };
}

/** `is_paused` while printing: a PAUSE inside the file holds the position still, a leftover flag does not. */
function readPauseFlag(
  state: Pick<PrintTrackerState, 'pauseFlag' | 'flagPosition'>,
  snapshot: PrinterSnapshot,
  isFull: boolean,
): Pick<PrintTrackerState, 'pauseFlag' | 'flagPosition'> {
  if (!snapshot.isPaused) return { pauseFlag: 'none', flagPosition: null };
  if (state.pauseFlag === 'none' || state.flagPosition === null) {
    return { pauseFlag: 'unsettled', flagPosition: isFull ? snapshot.filePosition : null };
  }
  if (state.pauseFlag === 'stale' || !isFull) return state;
  const hasMoved = snapshot.filePosition !== state.flagPosition;
  return { pauseFlag: hasMoved ? 'stale' : 'macro', flagPosition: state.flagPosition };
}

function paused(state: PrintTrackerState, snapshot: PrinterSnapshot, isFull: boolean): PrintTrackerState {
  const job = jobOf(state, snapshot, isFull);
  const before = state.print.kind === 'paused' && isSameJob(state.print.job, job) ? state.print.by : null;
  const by = whoPaused(state, snapshot, before);
  const print: Print = { kind: 'paused', job, by };
  return { ...state, print, job, pauseFlag: 'none', flagPosition: null };
}

function whoPaused(state: PrintTrackerState, snapshot: PrinterSnapshot, before: PausedBy | null): PausedBy {
  // A runout shows `paused` half a second before `is_paused`, so the first guess may still be `m25`.
  if (before !== null && before !== 'm25') return before;
  // Every other pause stops the file before it sets the flag: a flag seen first is the file's own, and ours came late.
  const wasSelfPausing = state.pauseFlag === 'macro' || state.pauseFlag === 'unsettled';
  if (snapshot.isPaused && wasSelfPausing) return 'file';
  if (state.isOurPauseOut) return 'us';
  if (snapshot.isFilamentOut) return 'sensor';
  return snapshot.isPaused ? 'somebody' : 'm25';
}

/**
 * The job of this reading. While it is the job of before, a reading without the ticking fields keeps what was
 * known of them: they are stale in `snapshot` then.
 */
function jobOf(state: PrintTrackerState, snapshot: PrinterSnapshot, isFull: boolean): Job {
  const { filename, progress, layer, totalLayer } = snapshot;
  const known = state.job;
  if (isFull) {
    const { printDurationMs, totalDurationMs } = snapshot;
    const startTickMs = snapshot.eventTickMs - totalDurationMs;
    // Durations freeze at the end of a print, so its start can no longer be told from them.
    const hasEnded = snapshot.state !== 'printing' && snapshot.state !== 'paused';
    const isKnown =
      known !== null && known.filename === filename && (hasEnded || isStart(known, startTickMs));
    return {
      filename,
      startTickMs: isKnown ? known.startTickMs : startTickMs,
      printDurationMs: Math.max(printDurationMs, 0),
      totalDurationMs,
      progress,
      layer,
      totalLayer,
    };
  }
  if (known !== null && known.filename === filename) return { ...known, layer, totalLayer };
  // A print that has only just appeared: Klipper reports a start within 250 ms of it.
  const startTickMs = snapshot.eventTickMs;
  return { filename, startTickMs, printDurationMs: 0, totalDurationMs: 0, progress: 0, layer, totalLayer };
}

function isStart(job: Job, startTickMs: number): boolean {
  return isSameJob(job, { filename: job.filename, startTickMs });
}

function endMessage(state: PrintTrackerState, snapshot: PrinterSnapshot, tickMs: number): string {
  if (snapshot.errorMessage !== '') return snapshot.errorMessage.trim();
  const line = state.errorLine;
  // With mainsail.cfg an error in the file ends as `cancelled` with an empty message.
  const explains = snapshot.state === 'cancelled' && line !== null && tickMs - line.tickMs <= errorLineAgeMs;
  return explains ? line.text : '';
}
