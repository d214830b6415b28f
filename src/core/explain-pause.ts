// Sentences about the steps that follow a pause of ours.
import type { Notice, PauseStep } from './types.ts';

/** Only what did not work is worth a sentence: that the hotend stays hot where no resume could wait for it is left to the log. */
export function explainPauseStep({ step, result, message }: PauseStep): readonly Notice[] {
  if (result !== 'failed') return [];
  return [{ level: 'warning', text: `Lookout has paused the print, but ${step} did not work: ${message}` }];
}
