// Reasons not to judge the print now, in the order in which they are told to the user.
import { type Hold, mutedBy, mutedMs } from './hold.ts';
import type { Moment, PauseFlag, Print } from './types.ts';

/** A reason not to judge. `untilTickMs` is known only where time alone opens the gate. */
export type Gate =
  | { readonly kind: 'switched-off'; readonly isByPerson?: true }
  | { readonly kind: 'not-ready'; readonly message: string }
  | { readonly kind: 'not-printing' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'heating' }
  | { readonly kind: 'start-after'; readonly leftMs: number }
  /** The slicer tells layers, and this is one of the first. */
  | { readonly kind: 'first-layers'; readonly layer: number; readonly ignored: number }
  | { readonly kind: 'macro-pause' }
  /** `leftMs` is null where no time ends it: for this print, or for this file. */
  | { readonly kind: 'muted'; readonly leftMs: number | null; readonly isForFile: boolean };

/** What of the settings the gates need. */
export interface GateOptions {
  /** `[detection] enabled`. */
  readonly isEnabled: boolean;
  /** `[detection] start_after`, ms of `print_duration`. */
  readonly startAfterMs: number;
  /** `[detection] ignore_layers`: so many layers from the first are not judged, where the layer is known; absent is 0. */
  readonly ignoreLayers?: number;
}

/**
 * The first gate that is shut, or null when a frame may be judged.
 * @param held what a person has asked for, and the moment of asking
 */
export function gateOf(
  print: Print,
  options: GateOptions,
  held: { readonly hold: Hold; readonly now: Moment } | null = null,
): Gate | null {
  if (!options.isEnabled) return { kind: 'switched-off' };
  if (held?.hold.isOff === true) return { kind: 'switched-off', isByPerson: true };
  switch (print.kind) {
    case 'not-ready':
      return { kind: 'not-ready', message: print.message };
    case 'idle':
    case 'ended':
      return { kind: 'not-printing' };
    case 'paused':
      return { kind: 'paused' };
    case 'heating':
      return { kind: 'heating' };
    case 'printing': {
      const leftMs = options.startAfterMs - print.job.printDurationMs;
      if (leftMs > 0) return { kind: 'start-after', leftMs };
      const { layer } = print.job;
      const ignored = options.ignoreLayers ?? 0;
      if (layer !== null && layer <= ignored && ignored > 0) return { kind: 'first-layers', layer, ignored };
      if (isMacroPause(print.pauseFlag)) return { kind: 'macro-pause' };
      if (held === null) return null;
      const mute = mutedBy(held.hold, print.job, held.now);
      if (mute === null) return null;
      const mutedForMs = mutedMs(held.hold, print.job, held.now);
      return { kind: 'muted', leftMs: mutedForMs, isForFile: mute.kind === 'file' };
    }
  }
}

/** True while a macro in the file has, or may have, paused a print that still reads printing. */
export function isMacroPause(flag: PauseFlag): boolean {
  return flag === 'macro' || flag === 'unsettled';
}

/** True while a moment given as a tick has not come yet. */
export function isBefore(now: Moment, tickMs: number | null): boolean {
  return tickMs !== null && now.tickMs < tickMs;
}
