// What of the settings the decision core needs; `replay` takes the same.
import type { DecideOptions } from '../core/watch-state.ts';
import type { Settings } from './settings.ts';

/** The options of the core. JSON: they are part of each record. */
export function decideOptionsOf({ action, camera, detection }: Settings): DecideOptions {
  return {
    mode: action.mode,
    onFailure: action.onFailure,
    confirmMs: action.confirmTimeoutMs,
    resumeMuteMs: detection.resumeMuteMs,
    blindAfterMs: detection.blindAfterMs,
    busyLoad: detection.busyLoad,
    ignore: camera.ignore,
    ...(camera.bedCorners === null ? {} : { bedCorners: camera.bedCorners }),
    evidence: {
      warnAfterMs: detection.warnAfterMs,
      failAfterMs: detection.failAfterMs,
      sensitivity: detection.sensitivity,
      intervalMs: detection.intervalMs,
    },
  };
}
