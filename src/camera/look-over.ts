// Looks each picture of a camera over before anybody judges it: is there anything to see, does anything move, where does it look.
import type { SceneGrid } from '../core/scene-grid.ts';
import type { Moment } from '../core/types.ts';
import type { View } from './pixels.ts';
import { checkQuality } from './quality.ts';
import { findSeam, type Seam } from './seam.ts';
import { readSmall } from './small-picture.ts';
import { createStillWatch } from './still.ts';
import { viewGrid } from './view-grid.ts';

/** Looks over the pictures of one camera, one after the other. */
export interface LookOver {
  /**
   * @param jpeg as the camera sent it: what has been scaled or turned hides breaks
   * @returns the scene grid; null for a kind of JPEG that is not read, which passes
   * @throws CameraError as checkQuality, and CAMERA_FROZEN
   */
  look(jpeg: Uint8Array, view: View, now: Moment): SceneGrid | null;
}

/** Data does not break at the same place so many times in a row: then it is something in the picture. */
const sameSeams = 3;

/** Makes a look-over that has seen nothing. */
export function createLookOver(): LookOver {
  const still = createStillWatch();
  let seam: Seam | null = null;
  let repeats = 0;
  return {
    look: (jpeg, view, now) => {
      const picture = readSmall(jpeg);
      if (picture === null) return null;
      const found = findSeam(picture);
      repeats = found !== null && isSame(found, seam) ? repeats + 1 : 1;
      seam = found;
      checkQuality(picture, found !== null && repeats < sameSeams);
      still.check(picture, now);
      return viewGrid(picture, view);
    },
  };
}

function isSame(a: Seam, b: Seam | null): boolean {
  return b !== null && a.row === b.row && Math.abs(a.column - b.column) <= 2;
}
