// Shows alerts as a dialog with buttons in Mainsail, Fluidd and KlipperScreen (a macro prompt).
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';
import type { Alert } from '../core/types.ts';

/** What the dialog needs of Moonraker. */
export interface PromptDeps {
  /** Shows the alert; resolves with `waiting` while another program's dialog is open, which ours then follows. */
  readonly raise: (alert: Alert, signal: AbortSignal) => Promise<'shown' | 'waiting'>;
  readonly close: (incidentId: string, signal: AbortSignal) => Promise<void>;
}

/** The dialog. Notices have no buttons and are left to the other channels. Rejects with AlertError `ALERT_NOT_SENT`. */
export function createPromptChannel(deps: PromptDeps): Channel {
  return {
    name: 'prompt',
    takesQuestions: true,
    raise: async (alert, _picture, signal) => {
      try {
        await deps.raise(alert, signal);
      } catch (cause) {
        const hint = 'The dialog needs [respond] in printer.cfg and a Klipper that is ready.';
        throw new AlertError('the dialog was not shown', {
          code: 'ALERT_NOT_SENT',
          retry: 'soon',
          hint,
          cause,
        });
      }
    },
    close: deps.close,
    tell: async () => {},
  };
}
