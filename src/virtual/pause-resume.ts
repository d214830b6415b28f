// Klipper's pause_resume: a flag that is not tied to any print, and the four base commands around it.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import type { Motion } from './motion.ts';
import type { VirtualSd } from './virtual-sd.ts';

/** The module of one life. */
export interface PauseResume {
  readonly isPaused: boolean;
  /** Stops the file at once, before any PAUSE has run: what a filament sensor does. */
  stopFile(): Promise<void>;
}

/** Registers PAUSE, RESUME, CLEAR_PAUSE and CANCEL_PRINT. */
export function createPauseResume(deps: {
  readonly gcode: GcodeDispatch;
  readonly sd: VirtualSd;
  readonly motion: Motion;
}): PauseResume {
  const { gcode, sd, motion } = deps;
  let isPaused = false;
  let hasStopped = false;
  let wasFromSd = false;

  const stopFile = async () => {
    if (hasStopped) return;
    hasStopped = true;
    wasFromSd = sd.isActive;
    if (wasFromSd) await sd.stop();
    else gcode.respondInfo('action:paused');
  };
  const clear = () => {
    isPaused = false;
    hasStopped = false;
  };

  gcode.register('PAUSE', async () => {
    if (isPaused) return gcode.respondInfo('Print already paused');
    await stopFile();
    motion.save('PAUSE_STATE');
    isPaused = true;
  });
  gcode.register('RESUME', () => {
    if (!isPaused) return gcode.respondInfo('Print is not paused, resume aborted');
    motion.restore('PAUSE_STATE');
    if (wasFromSd) sd.start();
    else gcode.respondInfo('action:resumed');
    wasFromSd = false;
    clear();
  });
  gcode.register('CLEAR_PAUSE', clear, 'Clear the current paused state without resuming the print');
  gcode.register('CANCEL_PRINT', async () => {
    if (sd.isActive || wasFromSd) await sd.cancel();
    else gcode.respondInfo('action:cancel');
    clear();
  });

  return {
    get isPaused() {
      return isPaused;
    },
    stopFile,
  };
}
