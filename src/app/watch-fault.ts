// What an error of a part means to the watch.
import { type CameraError, LookoutError } from '../core/errors.ts';
import type { Fault } from '../core/types.ts';

/** The fault that an error is. One of ours has its code and hint; any other is a bug, and says so. */
export function faultOf(side: 'camera' | 'backend', error: unknown): Fault {
  if (error instanceof LookoutError) {
    const { code, message, hint, retry } = error as CameraError;
    return { side, code, message, hint, isPermanent: retry === 'never' };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = side === 'camera' ? 'CAMERA_UNREACHABLE' : 'BACKEND_UNREACHABLE';
  return {
    side,
    code,
    message,
    hint: 'This is a bug in moonraker-lookout: please report it with the log.',
    isPermanent: false,
  };
}
