// Sentences about watching that was switched off or muted.
import { sayDuration } from './explain.ts';
import type { Notice } from './types.ts';

/** Told at the start of a print that nobody watches. */
export function explainStillOff(): Notice {
  return {
    level: 'warning',
    text: 'Lookout is switched off and does not watch this print. LOOKOUT_WATCH ENABLE=1 switches it on.',
  };
}

/**
 * Told at the start of a print that nobody watches for long.
 * @param leftMs null where no time ends it
 */
export function explainStillMuted(leftMs: number | null, isForFile: boolean): Notice {
  const scope =
    leftMs !== null ? `for ${sayDuration(leftMs)} yet` : isForFile ? 'for this file' : 'for this print';
  return {
    level: 'warning',
    text: `Lookout is muted ${scope} and does not watch this print. LOOKOUT_UNMUTE ends the mute.`,
  };
}

/** The answer to a command that was taken. */
export function explainCommandTaken(what: string): string {
  return `Lookout: ${what}.`;
}
