// The printer behind Moonraker as the port that the watch loop knows.
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import type { Clock, Log, Printer } from '../core/ports.ts';
import { initialPrintTracker, type PrintTrackerInput, trackPrint } from '../core/print.ts';
import type { ActionOutcome, PauseStep, Print } from '../core/types.ts';
import { singleFlight } from '../lib/single-flight.ts';
import { type AfterPauseOptions, followPause } from './after-pause.ts';
import type { MoonrakerConnection } from './connection.ts';
import { createHostLoad } from './host-load.ts';
import { createKlipperStatus } from './klipper-status.ts';
import { createListeners } from './listeners.ts';
import { gcodeResponseSchema, okSchema } from './messages.ts';
import { readBedObjects, skipObject } from './objects.ts';
import type { RecipeDeps } from './observe.ts';
import { pausePrint } from './pause-recipe.ts';
import { cancelPrint, lengthenIdleTimeout, resumePrint } from './recipes.ts';

/** A line of G-code output is cut to this many characters. */
const maxLineLength = 4_000;

/** How the printer is treated. */
export interface PrinterOptions extends AfterPauseOptions {
  /** After this many ms without an observed pause the user is told; waiting goes on. */
  readonly pauseTimeoutMs: number;
  /** The idle timeout of a paused print in seconds, if Klipper's is shorter; null leaves it alone. */
  readonly pausedIdleTimeoutS: number | null;
}

/** What the printer needs. The connection is run by the printer and must not be run by anybody else. */
export interface PrinterDeps {
  readonly connection: MoonrakerConnection;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the printer. Nothing happens before `run`. */
export function createMoonrakerPrinter(options: PrinterOptions, deps: PrinterDeps): Printer {
  const { connection, clock } = deps;
  const log = deps.log.child('moonraker/printer');
  const status = createKlipperStatus({ connection, clock, log });
  const printListeners = createListeners<Print>(log);
  const lineListeners = createListeners<string>(log);
  const stepListeners = createListeners<PauseStep>(log);
  const delayListeners = createListeners<ActionOutcome>(log);
  let tracker = initialPrintTracker;
  let isPausing = false;
  let acting = 0;

  const track = (input: PrintTrackerInput) => {
    const before = tracker.print;
    tracker = trackPrint(tracker, input);
    if (!isDeepStrictEqual(before, tracker.print)) printListeners.tell(tracker.print);
  };

  status.onReading(({ snapshot, isFull }) => {
    // An outage makes the tracker forget our pause, but it may still stand in Klipper's queue.
    if (isPausing && !tracker.isOurPauseOut) track({ kind: 'pause-requested' });
    track({ kind: 'read', snapshot, isFull, tickMs: clock.now().tickMs });
  });
  connection.onNotification('notify_gcode_response', (params) => {
    const response = v.safeParse(gcodeResponseSchema, params);
    if (!response.success) return;
    for (const whole of response.output[0].split('\n')) {
      const line = whole.slice(0, maxLineLength);
      track({ kind: 'gcode-response', line, tickMs: clock.now().tickMs });
      lineListeners.tell(line);
    }
  });

  const runGcode = async (script: string, signal: AbortSignal) => {
    await connection.call('printer.gcode.script', { script }, okSchema, { timeoutMs: null, signal });
  };

  const recipe: RecipeDeps = {
    clock,
    snapshot: () => status.snapshot,
    onReading: status.onReading,
    query: status.query,
    call: async (method, signal) => {
      await connection.call(method, {}, okSchema, { timeoutMs: null, signal });
    },
    runGcode,
    onGcodeResponse: (listener) => lineListeners.add(listener),
  };

  const onStep = (step: PauseStep) => {
    log[step.result === 'done' ? 'info' : 'warn']('a step after the pause', { ...step });
    stepListeners.tell(step);
  };
  const readHelp = (signal: AbortSignal) =>
    connection.call('printer.gcode.help', {}, v.unknown(), { signal });

  /** The idle timeout first, for all that follows may take its time. */
  const settlePause = async (signal: AbortSignal): Promise<number | null> => {
    const wantedS = options.pausedIdleTimeoutS;
    const beforeS =
      wantedS === null ? null : await lengthenIdleTimeout(wantedS, { connection, recipe, log }, signal);
    void followPause(options, { runGcode, readHelp }, onStep, signal);
    return beforeS;
  };

  // Two requests would be two PAUSEs in Klipper's queue: the second parks again, or pauses what was resumed meanwhile.
  const pauseOnce = singleFlight(async (signal: AbortSignal): Promise<ActionOutcome> => {
    isPausing = true;
    track({ kind: 'pause-requested' });
    const outcome = await pausePrint(options, recipe, delayListeners.tell, signal).finally(() => {
      isPausing = false;
      track({ kind: 'pause-settled' });
    });
    log.info('pause', { ...outcome });
    return outcome;
  });

  const pause = async (
    onDelay: (outcome: ActionOutcome) => void,
    signal: AbortSignal,
  ): Promise<ActionOutcome> => {
    // A print that somebody else has paused, or whoever asked first, is not ours to arrange.
    const isOurs = status.snapshot.state === 'printing' && !isPausing;
    const forget = delayListeners.add(onDelay);
    const outcome = await pauseOnce(signal).finally(forget);
    if (outcome.kind !== 'done' || !isOurs) return outcome;
    const idleTimeoutBeforeS = await settlePause(signal);
    return { ...outcome, idleTimeoutBeforeS };
  };

  /** Counts an action while it is out. */
  const act =
    <Args extends readonly unknown[]>(work: (...args: Args) => Promise<ActionOutcome>) =>
    async (...args: Args): Promise<ActionOutcome> => {
      acting += 1;
      return work(...args).finally(() => {
        acting -= 1;
      });
    };

  return {
    get print() {
      return tracker.print;
    },
    get isActing() {
      return acting > 0;
    },
    run: async (signal) => {
      await Promise.all([connection.run(signal), status.run(signal)]);
    },
    onPrint: (listener) => printListeners.add(listener),
    onGcodeResponse: (listener) => lineListeners.add(listener),
    sample: async (signal) => {
      await status.query(signal);
      return tracker.print;
    },
    pause: act(pause),
    resume: act(singleFlight((signal: AbortSignal) => resumePrint(recipe, signal))),
    cancel: act(singleFlight((signal: AbortSignal) => cancelPrint(recipe, signal))),
    bedObjects: (signal) => readBedObjects(connection, signal),
    skipObject: act((name: string, signal: AbortSignal) => skipObject(name, { connection, recipe }, signal)),
    hostLoad: createHostLoad({ connection, sysload: status.sysload, log }),
    lengthenIdleTimeout: settlePause,
    onPauseStep: (listener) => stepListeners.add(listener),
    runGcode,
  };
}
