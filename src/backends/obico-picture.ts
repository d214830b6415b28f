// Makes of a frame what the ml_api's detector looks at: a plain JPEG of 416 × 416 pixels.
import { openJpeg } from '../lib/open-jpeg.ts';
import { undecodable } from './bad-frame.ts';

/** Pixels of the detector's input. */
export const pictureSize = { width: 416, height: 416 };

/** Colour is kept at full resolution: strands of filament are a pixel wide here, and stand out by their colour. */
const writing = { quality: 90, chromaSubsampling: '4:4:4' };

/**
 * The frame stretched to the square that the detector would stretch it to by itself, so that nothing is sent that it cannot
 * use. On a square the ml_api's two ways to get boxes wrong (heights by the picture's width; darknet builds undo bars at
 * top and bottom that there never were) come to nothing. A grey picture gets three colours: the ml_api fails on fewer.
 * @throws BackendError BACKEND_BAD_FRAME
 */
export async function squarePicture(jpeg: Uint8Array): Promise<Uint8Array> {
  try {
    const image = await openJpeg(jpeg);
    return await image
      .resize({ ...pictureSize, fit: 'fill' })
      .toColourspace('srgb')
      .jpeg(writing)
      .toBuffer();
  } catch (cause) {
    throw undecodable('obico', cause);
  }
}
