// Sentences about the light that is switched on for a picture.
import type { Notice } from './types.ts';

/** Why the light is not tried again while this print lasts. */
export type LightTrouble =
  | { readonly kind: 'failed'; readonly macro: string; readonly message: string }
  /** It ran, and nothing can be seen all the same. */
  | { readonly kind: 'still-dark'; readonly macro: string };

/** Told once a print: until the next one nothing is tried again. */
export function explainLight(trouble: LightTrouble): Notice {
  const why =
    trouble.kind === 'failed'
      ? `${trouble.macro} did not work: ${trouble.message}`
      : `it is dark for the camera although ${trouble.macro} has run`;
  return {
    level: 'warning',
    text: `Lookout: ${why}. The light is not switched for this print any more; see light_on in [camera].`,
  };
}
