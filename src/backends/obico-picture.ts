// Makes of a frame what the ml_api's detector looks at: a plain JPEG of 416 × 416 pixels.
import type { Sharp } from 'sharp';
import { BackendError } from '../core/errors.ts';
import { openJpeg } from '../lib/open-jpeg.ts';

/** Pixels on each side. */
export const pictureSide = 416;

/** Colour is kept at full resolution: strands of filament are a pixel wide here, and stand out by their colour. */
const writing = { quality: 90, chromaSubsampling: '4:4:4' } as const;

/**
 * The frame stretched to the square that the detector would stretch it to by itself, so that nothing is sent that it cannot
 * use. On a square the ml_api's two ways to get boxes wrong (heights by the picture's width; darknet builds undo bars at
 * top and bottom that there never were) come to nothing. A grey picture gets three colours: the ml_api fails on fewer.
 * @throws BackendError BACKEND_BAD_FRAME
 */
export async function squarePicture(jpeg: Uint8Array): Promise<Buffer> {
  try {
    const image = await openJpeg(jpeg);
    return await write(image.resize(pictureSide, pictureSide, { fit: 'fill' }));
  } catch (cause) {
    throw new BackendError('obico: the picture cannot be decoded', {
      code: 'BACKEND_BAD_FRAME',
      retry: 'soon',
      hint: 'If this stays, restart the camera server and try another resolution or format.',
      cause,
    });
  }
}

/** A picture with nothing in it, to try the way to the ml_api and back. */
export async function blankPicture(): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const [width, height] = [pictureSide, pictureSide];
  return write(sharp({ create: { width, height, channels: 3, background: '#808080' } }));
}

function write(image: Sharp): Promise<Buffer> {
  return image.toColourspace('srgb').jpeg(writing).toBuffer();
}
