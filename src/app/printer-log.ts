// The log of one printer of several: every component carries the printer's name.
import type { Log } from '../core/ports.ts';

/** `log` with components such as `left/app/watch`; `log` itself for a printer without a name. */
export function printerLog(log: Log, printer: string | null): Log {
  if (printer === null) return log;
  const named = (component: string): Log => {
    const { debug, info, warn, error } = log.child(component);
    // A child's name stands for itself, so each of them needs the printer's before it.
    return { debug, info, warn, error, child: (name) => named(`${printer}/${name}`) };
  };
  return named(printer);
}
