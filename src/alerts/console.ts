// Writes alerts to the printer's console: a red line for trouble, a plain one for the rest.
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';
import { alertText } from './alert-text.ts';

/** What the console needs of Moonraker. */
export interface ConsoleDeps {
  /** Runs G-code under Klipper's lock. */
  readonly runGcode: (script: string, signal: AbortSignal) => Promise<void>;
  /** G-code that shows a text as an error line. Makes the text safe. */
  readonly redLine: (text: string) => string;
  /** G-code that shows a text as a plain line. Makes the text safe. */
  readonly plainLine: (text: string) => string;
}

/** The console of Mainsail, Fluidd and KlipperScreen. Rejects with AlertError `ALERT_NOT_SENT`. */
export function createConsoleChannel(deps: ConsoleDeps): Channel {
  let lastText = '';
  const write = async (gcode: string, signal: AbortSignal) => {
    try {
      await deps.runGcode(gcode, signal);
    } catch (cause) {
      const hint = 'The console needs [respond] in printer.cfg and a Klipper that is ready.';
      throw new AlertError('the console line was not written', {
        code: 'ALERT_NOT_SENT',
        retry: 'soon',
        hint,
        cause,
      });
    }
  };
  return {
    name: 'console',
    raise: async (alert, _picture, signal) => {
      const text = alertText(alert);
      // The same alert raised again, after a restart or a failed answer, needs no second line.
      if (text === lastText) return;
      lastText = text;
      await write(deps.redLine(text), signal);
    },
    // A line in a console cannot be taken back.
    close: async () => {},
    tell: async (notice, signal) => {
      await write(notice.level === 'info' ? deps.plainLine(notice.text) : deps.redLine(notice.text), signal);
    },
  };
}
