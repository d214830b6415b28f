// Time inside one life of the virtual Klipper: its monotonic clock and waits that a shutdown or a restart ends.
import { systemClock } from '../lib/clock.ts';

/** The host process has gone (restart, close): whatever waited in it will never finish. */
export class KlippyGone extends Error {
  constructor() {
    super('Klippy Disconnected');
    this.name = 'KlippyGone';
  }
}

/** Clock and waits of one life. */
export interface Reactor {
  /** Seconds on CLOCK_MONOTONIC, like Klipper's eventtime. */
  now(): number;
  /** Waits `ms` of the machine's time: real time divided by `speed`. A shutdown ends it early; rejects with KlippyGone. */
  wait(ms: number): Promise<void>;
  /** Waits `ms` of real time; a shutdown does not end it. Rejects with KlippyGone. */
  waitReal(ms: number): Promise<void>;
  /** Ends every wait for the machine, as a shutdown does. */
  wakeAll(): void;
  /** Ends everything. */
  dispose(): void;
  readonly isGone: boolean;
  /** How many times faster than real the machine works, 1 or more. */
  readonly speed: number;
}

interface Sleeper {
  readonly timer: NodeJS.Timeout;
  readonly isMachine: boolean;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Makes the reactor of one life. */
export function createReactor(speed: number): Reactor {
  const sleepers = new Set<Sleeper>();
  let isGone = false;

  const start = (ms: number, isMachine: boolean): Promise<void> => {
    if (isGone) return Promise.reject(new KlippyGone());
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(sleeper.timer);
        sleepers.delete(sleeper);
        settle();
      };
      const sleeper: Sleeper = {
        timer: setTimeout(() => end(resolve), Math.max(ms, 0)),
        isMachine,
        resolve: () => end(resolve),
        reject: (reason) => end(() => reject(reason)),
      };
      sleepers.add(sleeper);
    });
  };

  return {
    speed,
    now: () => systemClock.now().tickMs / 1000,
    wait: (ms) => start(ms / speed, true),
    waitReal: (ms) => start(ms, false),
    wakeAll: () => {
      for (const sleeper of [...sleepers]) if (sleeper.isMachine) sleeper.resolve();
    },
    dispose: () => {
      isGone = true;
      for (const sleeper of [...sleepers]) sleeper.reject(new KlippyGone());
    },
    get isGone() {
      return isGone;
    },
  };
}
