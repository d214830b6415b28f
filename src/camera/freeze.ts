// Notices a camera that hangs: it goes on sending the very same file.
import { createHash } from 'node:crypto';
import { CameraError } from '../core/errors.ts';

/** Watches the files that a camera sends, one after the other. */
export interface FreezeWatch {
  /**
   * Counts this file. A still scene is never byte-identical twice: the sensor's noise sees to that.
   * @throws CameraError CAMERA_FROZEN from the fifth identical file in a row on
   */
  check(jpeg: Uint8Array): void;
}

const maxRepeats = 5;

/** Makes a watch that has seen nothing. Holds a hash, not the file. */
export function createFreezeWatch(): FreezeWatch {
  let last = '';
  let repeats = 0;
  return {
    check: (jpeg) => {
      const hash = createHash('sha1').update(jpeg).digest('base64');
      repeats = hash === last ? repeats + 1 : 1;
      last = hash;
      if (repeats < maxRepeats) return;
      throw new CameraError(`the camera is frozen: the same picture ${repeats} times in a row`, {
        code: 'CAMERA_FROZEN',
        retry: 'soon',
        hint: 'Restart the camera server, or unplug the camera and plug it in again.',
      });
    },
  };
}
