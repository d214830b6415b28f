// What a reading means for an action that waits to see its effect.
import type { Clock } from '../core/ports.ts';
import type { PrinterSnapshot } from '../core/print.ts';
import type { Reading } from './klipper-status.ts';
import { createWaker } from './waker.ts';

/**
 * `over`: nothing prints or is paused. `away`: it cannot be seen now, but may be again (Moonraker or Klipper
 * restarts). `broken`: Klipper is in an error or shut down, the print is lost.
 */
export type Phase = 'printing' | 'paused' | 'over' | 'away' | 'broken';

/** The phase of a reading. Without `ready` the state of the print says nothing: an emergency stop reads `paused`. */
function phaseOf(snapshot: PrinterSnapshot): Phase {
  if (snapshot.klippy === 'error' || snapshot.klippy === 'shutdown') return 'broken';
  if (snapshot.klippy !== 'ready') return 'away';
  if (snapshot.state === 'printing' || snapshot.state === 'paused') return snapshot.state;
  return 'over';
}

/** What a recipe may do and see. */
export interface RecipeDeps {
  readonly clock: Clock;
  /** The newest reading. */
  snapshot(): PrinterSnapshot;
  onReading(listener: (reading: Reading) => void): () => void;
  /** Reads everything now. Rejects with a MoonrakerError. */
  query(signal: AbortSignal): Promise<PrinterSnapshot>;
  /** A request without parameters that queues behind G-code: no time limit. Rejects with a MoonrakerError. */
  call(method: string, signal: AbortSignal): Promise<void>;
  /** Runs G-code: no time limit. Rejects with a MoonrakerError. */
  runGcode(script: string, signal: AbortSignal): Promise<void>;
  onGcodeResponse(listener: (line: string) => void): () => void;
}

/** How a request that queues behind G-code stands. */
export type Answered = 'pending' | 'ok' | { readonly error: unknown };

/** Eyes on the printer for as long as one action takes. */
export interface Observation {
  readonly phase: () => Phase;
  /** ms since the observation began. */
  readonly elapsedMs: () => number;
  /** The last `!!` line since then, without the marks; '' while there was none. */
  readonly lastErrorLine: () => string;
  /** Waits until `isSo`, at most `ms`. Looks again with each reading and each answer. */
  readonly wait: (isSo: () => boolean, ms: number) => Promise<boolean>;
  /** Reads now; a failure only means that there is no reading. */
  readonly look: () => Promise<PrinterSnapshot | null>;
  /** Sends something that may take long. Its answer is looked at with `answered`; it never rejects. */
  readonly send: (work: (signal: AbortSignal) => Promise<void>) => { readonly answered: () => Answered };
}

/** Observes while `work` runs, then lets go of everything; a request that is still pending is left to its end. */
export async function observing<T>(
  deps: RecipeDeps,
  signal: AbortSignal,
  work: (eyes: Observation) => Promise<T>,
): Promise<T> {
  const waker = createWaker(deps.clock);
  const startedMs = deps.clock.now().tickMs;
  let errorLine = '';
  const unlisten = [
    deps.onReading(() => waker.wake()),
    deps.onGcodeResponse((line) => {
      if (line.startsWith('!!')) errorLine = line.slice(2).trim().slice(0, 300);
    }),
  ];
  try {
    return await work({
      phase: () => phaseOf(deps.snapshot()),
      elapsedMs: () => Math.round(deps.clock.now().tickMs - startedMs),
      lastErrorLine: () => errorLine,
      wait: (isSo, ms) => waker.wait(isSo, ms, signal),
      look: () =>
        deps.query(signal).catch(() => {
          signal.throwIfAborted();
          return null;
        }),
      send: (start) => {
        let answered: Answered = 'pending';
        start(signal).then(
          () => {
            answered = 'ok';
            waker.wake();
          },
          (error) => {
            answered = { error };
            waker.wake();
          },
        );
        return { answered: () => answered };
      },
    });
  } finally {
    for (const stop of unlisten) stop();
  }
}
