// Reasons not to judge the print now, in the order in which they are told to the user.
import type { Moment, PauseFlag, Print } from './types.ts';

/** A reason not to judge. `untilTickMs` is known only where time alone opens the gate. */
export type Gate =
  | { readonly kind: 'switched-off' }
  | { readonly kind: 'not-ready'; readonly message: string }
  | { readonly kind: 'not-printing' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'heating' }
  | { readonly kind: 'start-after'; readonly leftMs: number }
  | { readonly kind: 'macro-pause' };

/** What of the settings the gates need. */
export interface GateOptions {
  /** `[detection] enabled`. */
  readonly isEnabled: boolean;
  /** `[detection] start_after`, ms of `print_duration`. */
  readonly startAfterMs: number;
}

/** The first gate that is shut, or null when a frame may be judged. */
export function gateOf(print: Print, options: GateOptions): Gate | null {
  if (!options.isEnabled) return { kind: 'switched-off' };
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
      if (isMacroPause(print.pauseFlag)) return { kind: 'macro-pause' };
      return null;
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
