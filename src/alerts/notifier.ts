// Reaches phones through a [notifier] of Moonraker's: by our component in Moonraker, else by a macro of Klipper's, LOOKOUT_NOTIFY.
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';
import { alertText } from './alert-text.ts';

/** What the notifier needs of Moonraker. */
export interface NotifierDeps {
  /** Our component in Moonraker, which needs neither macro nor Klipper. */
  readonly component: {
    readonly isThere: () => boolean;
    readonly notify: (name: string, message: string, signal: AbortSignal) => Promise<void>;
  };
  /** Runs G-code under Klipper's lock. */
  readonly runGcode: (script: string, signal: AbortSignal) => Promise<void>;
  /** Whether printer.cfg has this macro. */
  readonly hasMacro: (name: string, signal: AbortSignal) => Promise<boolean>;
  /** Makes text safe between the quotes of a parameter. */
  readonly toText: (text: string, maxChars: number) => string;
}

/** The macro of klipper/lookout.cfg. */
export const notifyMacro = 'LOOKOUT_NOTIFY';
/** What a push message shows; Klipper takes far longer lines. */
const maxChars = 500;

/**
 * Alerts and notices through `[notifier NAME]`. The picture comes by its own `attach`, which Moonraker fetches. Nothing can be taken
 * back. Rejects with AlertError `ALERT_NOT_SENT`; what Moonraker makes of the call nobody is told.
 */
export function createNotifierChannel(name: string, deps: NotifierDeps): Channel {
  const send = async (text: string, signal: AbortSignal) => {
    if (!deps.component.isThere()) return sendByMacro(text, signal);
    try {
      await deps.component.notify(name, text.slice(0, maxChars), signal);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw notSent(why, `Is there a [notifier ${name}] in moonraker.conf?`, cause);
    }
  };
  const sendByMacro = async (text: string, signal: AbortSignal) => {
    let hasMacro: boolean;
    try {
      hasMacro = await deps.hasMacro(notifyMacro, signal);
      if (hasMacro) {
        const line = `${notifyMacro} NAME="${deps.toText(name, maxChars)}" MSG="${deps.toText(text, maxChars)}"`;
        await deps.runGcode(line, signal);
      }
    } catch (cause) {
      throw notSent('Klipper did not take it', 'A notifier needs a Klipper that is ready.', cause);
    }
    if (!hasMacro) {
      const hint = 'Include lookout.cfg in printer.cfg (docs/alerts.md).';
      throw notSent(`Klipper has no macro ${notifyMacro}`, hint);
    }
  };
  return {
    name: 'notifier',
    raise: (alert, _picture, signal) => send(alertText(alert), signal),
    close: async () => {},
    tell: ({ text }, signal) => send(text, signal),
  };
}

function notSent(message: string, hint: string, cause?: unknown): AlertError {
  return new AlertError(message, { code: 'ALERT_NOT_SENT', retry: 'soon', hint, cause });
}
