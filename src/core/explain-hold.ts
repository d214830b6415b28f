// Sentences about watching that was switched off or muted.
import type { Notice } from './types.ts';

/** Told at the start of a print that nobody watches. */
export function explainStillOff(): Notice {
  return {
    level: 'warning',
    text: 'Lookout is switched off and does not watch this print. LOOKOUT_WATCH ENABLE=1 switches it on.',
  };
}

/** The answer to a command that was taken. */
export function explainCommandTaken(what: string): string {
  return `Lookout: ${what}.`;
}
