// A camera whose light is switched on for a picture where it is too dark, and off again right after it.
import { CameraError, MoonrakerError } from '../core/errors.ts';
import { explainLight, type LightTrouble } from '../core/explain-light.ts';
import { isMacroPause } from '../core/gates.ts';
import { isSameJob } from '../core/job.ts';
import type { Camera, Clock, Log, Printer } from '../core/ports.ts';
import type { Frame, JobRef, Notice } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';

/** `[camera] light_on`, `light_off` and `light_wait`. */
export interface LightOptions {
  /** Names of macros. */
  readonly on: string;
  readonly off: string;
  /** Until the camera has got used to it, ms. */
  readonly waitMs: number;
  /** Ms that a macro may wait in Klipper's queue and run; 5,000. Only tests change it. */
  readonly limitMs?: number;
}

/** What the light needs. */
export interface LightDeps {
  readonly camera: Camera;
  readonly printer: Pick<Printer, 'print' | 'onPrint' | 'runGcode' | 'onGcodeResponse'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onNotice: (notice: Notice) => void;
  /** True while an order of ours to the printer is out: a macro would stand in its way. */
  readonly isActing: () => boolean;
}

/** So many lit pictures in a row that are dark all the same, and the light is left alone. */
const patience = 3;

/**
 * The camera with its light. A picture that can be seen runs nothing: then somebody's own light is on. Macros run only
 * while the print runs, the off one has ended or is waited for no longer before the picture is judged, and so before any pause;
 * it is sent also when the look is called off, and again when Moonraker was away for it. While Klipper has not come to one of them, none is sent. What does not work is
 * told once, and for that print left alone.
 */
export function createLitCamera(options: LightOptions, deps: LightDeps): Camera {
  const { camera, printer, clock } = deps;
  const { limitMs = 5_000 } = options;
  const log = deps.log.child('app/lit-camera');
  let leftAloneFor: JobRef | null = null;
  let darkInARow = 0;
  /** Macros that have been sent and have not ended. */
  let queued = 0;
  /** The off macro did not get through, so that the light may be on. */
  let offOwedFor: JobRef | null = null;

  /** The print that runs and whose light may be switched. */
  const litJob = (): JobRef | null => {
    const { print } = printer;
    if (print.kind !== 'printing' || isMacroPause(print.pauseFlag)) return null;
    if (queued > 0 || deps.isActing()) return null;
    return leftAloneFor !== null && isSameJob(leftAloneFor, print.job) ? null : print.job;
  };

  const giveUp = (job: JobRef, trouble: LightTrouble) => {
    if (leftAloneFor !== null && isSameJob(leftAloneFor, job)) return;
    leftAloneFor = job;
    darkInARow = 0;
    log.warn('the light is left alone for this print', { ...trouble });
    deps.onNotice(explainLight(trouble));
  };

  const failed = (job: JobRef, macro: string, error: unknown) =>
    giveUp(job, { kind: 'failed', macro, message: error instanceof Error ? error.message : String(error) });

  /** False where it still stands in Klipper's queue after the limit: it will run, and cannot be called back. */
  const run = async (job: JobRef, macro: string, signal: AbortSignal): Promise<boolean> => {
    const deadline = startDeadline(limitMs, signal);
    queued += 1;
    let isUnknown = false;
    // Klipper complains in its console only, and answers "ok".
    const complaint = `UNKNOWN COMMAND:"${macro.toUpperCase()}"`;
    const forget = printer.onGcodeResponse((line) => {
      if (line.toUpperCase().includes(complaint)) isUnknown = true;
    });
    const ended = printer
      .runGcode(macro, new AbortController().signal)
      .then(
        () => {
          if (isUnknown) failed(job, macro, new Error('Klipper does not know it'));
          return !isUnknown;
        },
        (error: unknown) => {
          // A Moonraker that is away, or a Klipper that restarts, says nothing about the macro.
          if (error instanceof MoonrakerError && error.code !== 'MOONRAKER_REFUSED') {
            log.info('the light could not be switched', { macro, error });
            if (macro === options.off) offOwedFor = job;
          } else failed(job, macro, error);
          return false;
        },
      )
      .finally(() => {
        queued -= 1;
        forget();
      });
    const late = new Promise<boolean>((resolve) => {
      if (deadline.signal.aborted) resolve(false);
      deadline.signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    const hasRun = await Promise.race([ended, late]);
    if (deadline.hasPassed()) log.info('Klipper has no time for the light now', { macro });
    deadline.done();
    return hasRun;
  };

  /** null where the light could not be switched on. */
  const grabLit = async (job: JobRef, signal: AbortSignal): Promise<Frame | null> => {
    try {
      const isOn = await run(job, options.on, signal);
      signal.throwIfAborted();
      if (!isOn) return null;
      await clock.sleep(options.waitMs, signal);
      return await camera.grab(signal);
    } finally {
      // Also where it has not come on yet: what is late in Klipper's queue is followed by this.
      await run(job, options.off, new AbortController().signal);
    }
  };

  // Whatever the print does by then: nobody else would switch it off.
  printer.onPrint((print) => {
    const isPausing = print.kind === 'printing' && isMacroPause(print.pauseFlag);
    if (offOwedFor === null || print.kind === 'not-ready' || isPausing) return;
    const job = offOwedFor;
    offOwedFor = null;
    void run(job, options.off, new AbortController().signal);
  });

  return {
    get name() {
      return camera.name;
    },
    grab: async (signal) => {
      try {
        return await camera.grab(signal);
      } catch (error) {
        const job = litJob();
        if (!isDark(error) || job === null) throw error;
        log.debug('too dark: the light is switched on for a picture', { macro: options.on });
        const frame = await grabLit(job, signal).catch((again: unknown) => {
          if (isDark(again)) darkInARow += 1;
          if (darkInARow >= patience) giveUp(job, { kind: 'still-dark', macro: options.on });
          throw again;
        });
        if (frame === null) throw error;
        darkInARow = 0;
        return frame;
      }
    },
  };
}

function isDark(error: unknown): boolean {
  return error instanceof CameraError && error.code === 'CAMERA_TOO_DARK';
}
