// One printer of several in a process: its parts are made, watched, and made anew when they fail, while the others go on.
import { backoffMs } from '../core/backoff.ts';
import { explainRestart } from '../core/explain.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Notice } from '../core/types.ts';
import type { Composed } from './compose.ts';
import { type SupervisedParts, supervise } from './supervisor.ts';

/** What of a printer's parts its life needs. */
export type LivingParts = SupervisedParts & Pick<Composed, 'printer' | 'announcer'>;

/** One printer through all of its restarts. */
export interface PrinterLife<Parts extends LivingParts = Composed> {
  /** As in `[printer NAME]`; null for the only one. */
  readonly name: string | null;
  /** The parts that watch it now; null between a failure and the fresh start. */
  parts(): Parts | null;
  /** How it failed last and when it starts anew; null while it is watched. */
  restart(): { readonly error: unknown; readonly atTickMs: number } | null;
  /** Ends the parts in order and makes them anew at once, such as for other settings. An open alert is shown again. */
  renew(): void;
  /** Watches until the signal aborts. Rejects only where it is the only printer: then a fresh process is the cure. */
  run(signal: AbortSignal): Promise<void>;
}

/** What it needs. */
export interface PrinterLifeDeps {
  readonly clock: Clock;
  /** Of this printer. */
  readonly log: Log;
  readonly random: () => number;
}

const restartBackoff = { firstMs: 10_000, maxMs: 300_000 };
/** Whoever has watched for so long has recovered; the next failure is a new one, ms. */
const steadyMs = 600_000;

/**
 * A printer that has not begun. `first` are its parts, `make` makes them anew after a failure.
 * @param isAlone it is the only printer of the process
 */
export function createPrinterLife<Parts extends LivingParts>(
  { name, isAlone }: { readonly name: string | null; readonly isAlone: boolean },
  first: Parts,
  make: () => Parts,
  { clock, log, random }: PrinterLifeDeps,
): PrinterLife<Parts> {
  let parts: Parts | null = first;
  let restart: { readonly error: unknown; readonly atTickMs: number } | null = null;
  let failures = 0;
  let term = new AbortController();

  const rest = async (error: unknown, signal: AbortSignal): Promise<void> => {
    failures += 1;
    const waitMs = backoffMs(failures, random(), restartBackoff);
    restart = { error, atTickMs: clock.now().tickMs + waitMs };
    log.error('a bug: please report it with this log. This printer is watched anew, the others go on', {
      error,
      restartInS: Math.round(waitMs / 1000),
    });
    await clock.sleep(waitMs, signal);
  };

  return {
    name,
    parts: () => parts,
    restart: () => restart,
    renew: () => term.abort(new DOMException('the settings have changed', 'AbortError')),
    run: async (signal) => {
      while (!signal.aborted) {
        const startedTickMs = clock.now().tickMs;
        try {
          parts ??= make();
          if (restart !== null) tellOnceReady(parts, explainRestart());
          restart = null;
          term = new AbortController();
          await supervise(parts, AbortSignal.any([signal, term.signal]));
          parts = null;
        } catch (error) {
          parts = null;
          if (isAlone) throw error;
          if (clock.now().tickMs - startedTickMs >= steadyMs) failures = 0;
          await rest(error, signal).catch(() => {});
        }
      }
    },
  };
}

/** Before Klipper is seen nobody could show it. */
function tellOnceReady({ printer, announcer }: LivingParts, notice: Notice): void {
  const off = printer.onPrint((print) => {
    if (print.kind === 'not-ready') return;
    off();
    announcer.tell(notice);
  });
}
