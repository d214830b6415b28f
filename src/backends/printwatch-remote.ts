// Commands from PrintWatch's app: from outside the house, so each needs its own switch and a print that it fits.
import type { Log } from '../core/ports.ts';
import type { Print } from '../core/types.ts';
import type { RemoteCommand } from './deps.ts';

/** Which commands the user has switched on. */
export type RemoteSwitches = Readonly<Record<RemoteCommand, boolean>>;

/** States of the print in which a command makes sense: one that comes late must not hit the next print. */
const fits: Readonly<Record<RemoteCommand, readonly Print['kind'][]>> = {
  pause: ['heating', 'printing'],
  resume: ['paused'],
  cancel: ['heating', 'printing', 'paused'],
};

/** Hands a command on if it may be. `action` is whatever the service sent; anything but a command is nothing. */
export function hearAction(
  action: unknown,
  print: Print['kind'],
  switches: RemoteSwitches,
  { log, onCommand }: { readonly log: Log; readonly onCommand?: (command: RemoteCommand) => void },
): void {
  if (!isCommand(action)) return;
  if (!switches[action]) {
    log.info('ignored a remote command, which is switched off', { command: action });
  } else if (!fits[action].includes(print)) {
    log.info('ignored a remote command that does not fit', { command: action, print });
  } else {
    log.warn('a command came from the PrintWatch app', { command: action });
    onCommand?.(action);
  }
}

function isCommand(action: unknown): action is RemoteCommand {
  return action === 'pause' || action === 'resume' || action === 'cancel';
}
