// Notices a camera that hangs while its pictures are encoded anew: nothing in them moves, for minutes, while a print runs.
import { CameraError } from '../core/errors.ts';
import type { Moment } from '../core/types.ts';
import type { SmallPicture } from './small-picture.ts';

/** Watches the pictures of one camera, one after the other. */
export interface StillWatch {
  /**
   * Counts this picture.
   * @throws CameraError CAMERA_FROZEN once nothing has moved in 20 pictures in a row, over 3 minutes or more
   */
  check(picture: SmallPicture, now: Moment): void;
}

const minPictures = 20;
const minMs = 180_000;
/** Blocks that differ by more than this have changed. More than the noise of a sensor leaves in the mean of 64 pixels. */
const noise = 2;
/** A clock that the camera draws into its pictures changes fewer blocks than this, 0..1; a moving head or bed more. */
const clockShare = 0.003;

/** Makes a watch that has seen nothing. Holds the first picture of the row that looks alike, an eighth of its size. */
export function createStillWatch(): StillWatch {
  let first: { readonly brightness: Float32Array; readonly tickMs: number } | null = null;
  let pictures = 0;
  return {
    check: ({ planes }, { tickMs }) => {
      const brightness = planes[0] ?? new Float32Array();
      // Against the first and not the last: what grows slowly shows after a while.
      if (first === null || hasChanged(first.brightness, brightness)) {
        first = { brightness, tickMs };
        pictures = 1;
        return;
      }
      pictures += 1;
      const forMs = tickMs - first.tickMs;
      if (pictures < minPictures || forMs < minMs) return;
      throw new CameraError(
        `the camera is frozen: nothing in its picture has moved for ${Math.round(forMs / 60_000)} min`,
        {
          code: 'CAMERA_FROZEN',
          retry: 'soon',
          hint: 'Restart the camera server, or unplug the camera and plug it in again.',
        },
      );
    },
  };
}

function hasChanged(before: Float32Array, now: Float32Array): boolean {
  if (before.length !== now.length) return true;
  let changed = 0;
  for (let at = 0; at < now.length; at += 1) {
    if (Math.abs((now[at] ?? 0) - (before[at] ?? 0)) > noise) changed += 1;
  }
  return changed > clockShare * now.length;
}
