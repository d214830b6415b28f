// A filament switch sensor: on runout it stops the file first and runs PAUSE half a second later, as Klipper's does.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { numberParam, VirtualGcodeError } from './gcode-line.ts';
import type { PauseResume } from './pause-resume.ts';
import { KlippyGone, type Reactor } from './reactor.ts';

/** The sensor of one life. */
export interface FilamentSensor {
  /** Tells the sensor what it sees. A runout counts only while the machine works. */
  setDetected(isDetected: boolean): void;
  status(): Record<string, unknown>;
}

/** What the sensor needs. */
export interface FilamentSensorDeps {
  readonly gcode: GcodeDispatch;
  readonly pauseResume: PauseResume;
  readonly reactor: Reactor;
  readonly isWorking: () => boolean;
}

/** Klipper's `pause_delay`: ms between the stop of the file and PAUSE. */
const pauseDelayMs = 500;

/** Registers SET_FILAMENT_SENSOR. */
export function createFilamentSensor(name: string, deps: FilamentSensorDeps): FilamentSensor {
  let isDetected = true;
  let isEnabled = true;

  const runOut = async () => {
    await deps.pauseResume.stopFile();
    await deps.reactor.wait(pauseDelayMs);
    await deps.gcode.run('PAUSE');
  };

  deps.gcode.register('SET_FILAMENT_SENSOR', (command) => {
    if (command.params['SENSOR'] !== name) {
      throw new VirtualGcodeError(`The value '${command.params['SENSOR']}' is not valid for SENSOR`);
    }
    isEnabled = numberParam(command, 'ENABLE', 1) !== 0;
  });

  return {
    setDetected: (detected) => {
      const hasRunOut = isDetected && !detected;
      isDetected = detected;
      if (!hasRunOut || !isEnabled || !deps.isWorking()) return;
      runOut().catch((error: unknown) => {
        if (!(error instanceof KlippyGone || error instanceof VirtualGcodeError)) throw error;
      });
    },
    status: () => ({ filament_detected: isDetected, enabled: isEnabled }),
  };
}
