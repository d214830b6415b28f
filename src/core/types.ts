// The words of the house as types: print, frame, assessment, verdict, fault, incident, alert.
import type { SceneGrid } from './scene-grid.ts';

/** A number in 0..1: 0 is nothing wrong, 1 is a certain failure. Made by `toScore` only. */
export type Score = number & { readonly unit: 'score' };

/** Reads a number as a score. Throws a RangeError for NaN and for anything outside 0..1. */
export function toScore(value: number): Score {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`a score is 0..1, not ${value}`);
  return value as Score;
}

/** A moment on both clocks. Decisions use `tickMs` only; `atMs` is for people. */
export interface Moment {
  /** Wall clock, Unix ms. May jump. */
  readonly atMs: number;
  /** Monotonic clock of this host in ms (CLOCK_MONOTONIC): comparable between processes until a reboot. */
  readonly tickMs: number;
}

/** One JPEG with the moment it was taken. */
export interface Frame extends Moment {
  /** The whole JPEG file, SOI to EOI, at most 8 MiB. */
  readonly jpeg: Uint8Array;
  /** Pixels, 1..8192, as the picture stands after rotation. */
  readonly width: number;
  readonly height: number;
  /** Name of the camera it came from. */
  readonly camera: string;
  /** What the camera looks at; absent or null where the pixels were not looked at. */
  readonly grid?: SceneGrid | null;
}

/** A webcam as Moonraker lists it (`server.webcams.list`), in our spelling. */
export interface WebcamEntry {
  readonly name: string;
  /** Free text such as `mjpegstreamer`: tells which of the URLs can give a JPEG. */
  readonly service: string;
  readonly isEnabled: boolean;
  /** As listed: absolute, relative, or '' where there is none. */
  readonly snapshotUrl: string;
  readonly streamUrl: string;
  /** Degrees clockwise, applied before the flips. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly flipHorizontal: boolean;
  readonly flipVertical: boolean;
  readonly targetFps: number;
}

/** Identifies one print: equal file and equal start on Klipper's monotonic clock. Compare with `isSameJob`. */
export interface JobRef {
  /** `print_stats.filename`, relative to the gcodes root. */
  readonly filename: string;
  /** Klipper's `eventtime - total_duration` in ms: constant while the print lives, whoever restarts. */
  readonly startTickMs: number;
}

/** A print from start to end, as last read from Klipper. Durations in ms, `progress` 0..1 by file position. */
export interface Job extends JobRef {
  readonly printDurationMs: number;
  readonly totalDurationMs: number;
  readonly progress: number;
  /** `print_stats.info`: null where the slicer gives none. */
  readonly layer: number | null;
  readonly totalLayer: number | null;
}

/** Who stopped a paused print (reference: Klipper has no field for it; inferred from the order of events). */
export type PausedBy = 'us' | 'somebody' | 'file' | 'sensor' | 'm25';

/** Why Klipper cannot be asked or told anything now. */
export type NotReadyWhy = 'no-moonraker' | 'disconnected' | 'startup' | 'error' | 'shutdown';

/**
 * `is_paused` while the state still reads printing. `macro`: a PAUSE from inside the file is still running.
 * `stale`: the flag is left over and the file moves on. `unsettled`: not known yet.
 */
export type PauseFlag = 'none' | 'unsettled' | 'macro' | 'stale';

/** What the printer is doing, in one union. */
export type Print =
  | { readonly kind: 'not-ready'; readonly why: NotReadyWhy; readonly message: string }
  | { readonly kind: 'idle' }
  | { readonly kind: 'heating'; readonly job: Job; readonly pauseFlag: PauseFlag }
  | { readonly kind: 'printing'; readonly job: Job; readonly pauseFlag: PauseFlag }
  | { readonly kind: 'paused'; readonly job: Job; readonly by: PausedBy }
  | {
      readonly kind: 'ended';
      readonly job: Job;
      readonly how: 'complete' | 'cancelled' | 'error';
      /** Klipper's text for `error`, else ''. */
      readonly message: string;
    };

/** A rectangle in picture fractions 0..1, `x1 < x2`, `y1 < y2`, origin top left. */
export interface Region {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly score: Score;
}

/** What a backend that decides for itself says about this print. */
export interface Suggestion {
  readonly isWarning: boolean;
  readonly isFailing: boolean;
}

/** Scores of a grid over the whole picture, row by row from the upper left: `columns × rows` of them, 0..1, at most 4,096. */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
  readonly scores: readonly number[];
  /** The picture's score is made of so many highest cells. */
  readonly top: number;
}

/** A backend's answer for one frame. */
export interface Assessment {
  /** Name of the backend, as in the configuration. */
  readonly backend: string;
  readonly score: Score;
  /** 1 (failure) .. 10 (perfect), for people only; null where the backend has no such scale. */
  readonly quality: number | null;
  /** null for a backend that only scores. */
  readonly suggests: Suggestion | null;
  /** For a backend that only scores: scores at or below this say "no failure"; absent is 0. */
  readonly neutral?: number;
  readonly regions: readonly Region[];
  /** From a model that judges a grid of cells; absent for all others. */
  readonly cells?: Cells;
  /** Counted (paid) calls that this answer cost. */
  readonly calls: number;
  /** The backend must not be asked again before this many ms have passed. */
  readonly nextInMs: number;
}

/** What is thought of the print now. */
export type Verdict = 'clear' | 'watching' | 'warning' | 'failing';

/** Why there is no assessment although there should be one. Never a reason to pause. */
export interface Fault {
  readonly side: 'camera' | 'backend' | 'moonraker';
  /** One of the documented error codes. */
  readonly code: string;
  readonly message: string;
  /** What the user can do about it, one sentence; '' where nothing is needed. */
  readonly hint: string;
  /** Nothing will change before a person acts (a wrong key, a spent budget): told at once. */
  readonly isPermanent: boolean;
}

/** What to do with a print that fails. `alert` never touches the printer. */
export type FailureAction = 'pause' | 'cancel' | 'gcode' | 'alert';

/** What is set for a print that fails: an action at once, or a question first and the pause if nobody answers. */
export type OnFailure = FailureAction | 'confirm';

/** Whether anything is done at all: `shadow` decides as `act` does, and does nothing of it. */
export type Mode = 'act' | 'shadow';

/** How an action on the printer ended. Only an observed state counts as done. */
export type ActionOutcome =
  | { readonly kind: 'done'; readonly tookMs: number; readonly idleTimeoutBeforeS: number | null }
  /** The call is still queued behind other G-code; it may yet take effect. */
  | { readonly kind: 'delayed'; readonly waitedMs: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** A step after a pause of ours, named as in `[action]`. `message` says why it was skipped or has failed, else ''. */
export interface PauseStep {
  readonly step: 'after_pause_gcode' | 'hotend_standby';
  readonly result: 'done' | 'skipped' | 'failed';
  readonly message: string;
}

/**
 * What a person can answer to an alert. `ignore` answers the countdown before a pause: let it go on. `skip-object`
 * leaves out the object that the failure lies in, and lets the others go on. `right` and `wrong` judge what shadow mode
 * would have done.
 */
export type Answer = (typeof allAnswers)[number];

/** Everything that can be answered. */
export const allAnswers = [
  'pause',
  'resume',
  'cancel',
  'false-alarm',
  'seen',
  'ignore',
  'skip-object',
  'right',
  'wrong',
] as const;

/** What an alert shows. Texts are plain sentences; a channel makes them safe for its own medium. */
export interface Alert {
  readonly incidentId: string;
  /** `question`: nothing is wrong now; what shadow mode would have done is to be judged. */
  readonly level: 'warning' | 'failing' | 'question';
  readonly title: string;
  readonly lines: readonly string[];
  /** The answers to offer, in this order. */
  readonly answers: readonly Answer[];
  /** What `skip-object` leaves out; absent where it is not offered. */
  readonly object?: string;
}

/** A single sentence without buttons: blind, sighted again, an action that did not work. */
export interface Notice {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}
