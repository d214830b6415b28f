// Klipper's idle_timeout: some time after the last motion, paused or not, heaters and motors go off.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { numberParam, VirtualGcodeError } from './gcode-line.ts';
import type { Motion } from './motion.ts';
import { KlippyGone, type Reactor } from './reactor.ts';
import type { VirtualSd } from './virtual-sd.ts';

/** `Printing` means any motion or running G-code, not a print. */
export type IdleState = 'Idle' | 'Ready' | 'Printing';

/** The module of one life. */
export interface IdleTimeout {
  state(): IdleState;
  /** Motion was queued or a command has run. */
  noteActivity(): void;
  status(): Record<string, unknown>;
}

/** Seconds without motion after which `Printing` becomes `Ready`. */
const readyAfterS = 0.5;

/**
 * Registers SET_IDLE_TIMEOUT. Starts in `Idle`, and counts real seconds whatever the machine's speed.
 * @param timeoutS above 0; Klipper's default is 600
 */
export function createIdleTimeout(
  deps: {
    readonly gcode: GcodeDispatch;
    readonly motion: Motion;
    readonly reactor: Reactor;
    readonly sd: VirtualSd;
  },
  timeoutS: number,
): IdleTimeout {
  const { gcode, motion, reactor, sd } = deps;
  let limitS = timeoutS;
  let lastS = reactor.now();
  let activeSinceS = 0;
  let isIdle = true;
  /** Only the newest countdown may fire. */
  let round = 0;

  const restS = () => reactor.now() - Math.max(lastS, motion.queueEnd);
  // A file that is being read counts too: a busy host may leave the queue empty for a moment.
  const isBusy = () => gcode.lock.isHeld || sd.isActive;
  const state = (): IdleState => {
    if (isIdle) return 'Idle';
    return isBusy() || restS() < readyAfterS / reactor.speed ? 'Printing' : 'Ready';
  };

  const countDown = async (firstS: number) => {
    round += 1;
    const mine = round;
    let waitS = firstS;
    for (;;) {
      await reactor.waitReal(Math.min(waitS * 1000, 2 ** 31 - 1));
      if (mine !== round || isIdle) return;
      if (isBusy()) waitS = 1;
      else if (restS() < limitS) waitS = Math.max(limitS - restS(), 0.01);
      else break;
    }
    await gcode.run('TURN_OFF_HEATERS\nM84');
    isIdle = true;
  };
  const start = (firstS: number) => {
    countDown(firstS).catch((error: unknown) => {
      const isExpected = error instanceof KlippyGone || error instanceof VirtualGcodeError;
      if (!isExpected) throw error;
    });
  };

  gcode.register('SET_IDLE_TIMEOUT', (command) => {
    limitS = numberParam(command, 'TIMEOUT', limitS, { above: 0 });
    gcode.respondInfo(`idle_timeout: Timeout set to ${limitS.toFixed(2)} s`);
    // Counts from now, and only while Ready: once Idle it comes too late.
    if (!isIdle) start(limitS);
  });

  return {
    state,
    noteActivity: () => {
      lastS = reactor.now();
      if (!isIdle) return;
      isIdle = false;
      activeSinceS = lastS;
      start(limitS);
    },
    status: () => {
      const now = state();
      return {
        state: now,
        printing_time: now === 'Printing' ? reactor.now() - activeSinceS : 0,
        idle_timeout: limitS,
      };
    },
  };
}
