// Shows the open alert as the message of the printer's display: a row in the status panel of Mainsail and Fluidd.
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';

/** What the display needs of Moonraker. */
export interface M117Deps {
  /** Runs G-code under Klipper's lock. */
  readonly runGcode: (script: string, signal: AbortSignal) => Promise<void>;
  /** `display_status.message`; null where it is empty or there is no [display_status]. */
  readonly readMessage: (signal: AbortSignal) => Promise<string | null>;
  /** Makes text safe inside a command, and short. */
  readonly toText: (text: string, maxChars: number) => string;
}

/** What a display of a printer can show. */
const maxChars = 60;

/**
 * One short line while an alert is open, cleared afterwards unless another program has written over it meanwhile.
 * Rejects with AlertError `ALERT_NOT_SENT`.
 */
export function createM117Channel({ runGcode, readMessage, toText }: M117Deps): Channel {
  let shown: string | null = null;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (cause) {
      const hint = 'M117 needs [display_status] in printer.cfg and a Klipper that is ready.';
      const details = { code: 'ALERT_NOT_SENT', retry: 'soon', hint, cause } as const;
      throw new AlertError('the display was not written to', details);
    }
  };
  return {
    name: 'm117',
    raise: (alert, _picture, signal) =>
      attempt(async () => {
        const text = toText(alert.title, maxChars);
        await runGcode(`M117 ${text}`, signal);
        shown = text;
      }),
    close: (_incidentId, signal) =>
      attempt(async () => {
        const text = shown;
        shown = null;
        if (text !== null && (await readMessage(signal)) === text) await runGcode('M117', signal);
      }),
    // A passing sentence is no lasting row.
    tell: async () => {},
  };
}
