// Orders that need no alert: mute, switch off and on, pause, resume, cancel.
import * as v from 'valibot';
import type { ControlAnswer } from '../core/control.ts';
import { ControlError } from '../core/errors.ts';
import { explainCommandTaken } from '../core/explain-hold.ts';
import { isShadow } from '../core/incident.ts';
import { flagArgument, numberArgument, wordArgument } from './control-arguments.ts';
import type { Watch } from './watch.ts';

/** The longest mute is a day: who needs more switches watching off, and sees that it is. */
const maxMuteMinutes = 1_440;

/** Arguments of `mute`: one of the two; ten minutes where none is given. */
export const muteArguments = v.strictObject({
  minutes: v.nullish(numberArgument(1, maxMuteMinutes), null),
  scope: v.nullish(wordArgument(['print', 'file']), null),
});

/** Arguments of `watch`. */
export const watchArguments = v.strictObject({ enable: flagArgument });

type Commanded = Pick<Watch, 'status' | 'command' | 'answer'>;

/**
 * Mutes.
 * @throws ControlError CONTROL_BAD_ARGUMENT for both arguments; CONTROL_NOT_NOW where there is no print to mute
 */
export function mute(
  watch: Commanded,
  { minutes, scope }: v.InferOutput<typeof muteArguments>,
  through: string,
): ControlAnswer {
  if (minutes !== null && scope !== null) {
    throw new ControlError('mute: give either minutes or scope, not both', {
      ...{ code: 'CONTROL_BAD_ARGUMENT', retry: 'never' },
      hint: 'docs/api.md lists every method with its arguments.',
    });
  }
  if (scope === null) {
    const length = minutes ?? 10;
    watch.command({ kind: 'mute', for: { kind: 'minutes', minutes: length } }, through);
    return { text: explainCommandTaken(`muted for ${length} min`) };
  }
  if (watch.status().state.job === null) throw notNow('nothing is printing that could be muted');
  watch.command({ kind: 'mute', for: { kind: scope } }, through);
  return { text: explainCommandTaken(`muted for this ${scope}`) };
}

/** Ends a mute. */
export function unmute(watch: Commanded, through: string): ControlAnswer {
  watch.command({ kind: 'unmute' }, through);
  return { text: explainCommandTaken('not muted') };
}

/** Switches watching on or off until further notice. */
export function switchWatching(watch: Commanded, isOn: boolean, through: string): ControlAnswer {
  watch.command({ kind: 'switch', isOn }, through);
  return { text: explainCommandTaken(isOn ? 'watching is switched on' : 'watching is switched off') };
}

/**
 * Pauses, resumes or cancels; as the answer to the alert, where one is open that offers it.
 * @throws ControlError CONTROL_NOT_NOW where there is nothing to pause, resume or cancel
 */
export function act(watch: Commanded, kind: 'pause' | 'resume' | 'cancel', through: string): ControlAnswer {
  const { state, print } = watch.status();
  const isPaused = print.kind === 'paused';
  if (!isPaused && print.kind !== 'printing' && print.kind !== 'heating') throw notNow('nothing is printing');
  if (kind === 'resume' && !isPaused) throw notNow('the print is not paused');
  if (kind === 'pause' && isPaused) throw notNow('the print is paused already');
  const { incident } = state;
  if (incident !== null && incident.answer === null && !isShadow(incident)) {
    watch.answer({ answer: kind, incidentId: incident.id, through });
  } else watch.command({ kind }, through);
  return { text: explainCommandTaken(`${kind} was asked for`) };
}

function notNow(message: string): ControlError {
  const hint = 'lookout.status tells what the printer does.';
  return new ControlError(message, { code: 'CONTROL_NOT_NOW', retry: 'soon', hint });
}
