// Turns, mirrors and scales pictures; one that needs nothing is left as it is.
import { CameraError } from '../core/errors.ts';
import { openJpeg } from '../lib/open-jpeg.ts';

/** How a picture has to be turned to look as in Mainsail and Fluidd: first rotated, then mirrored. */
export interface View {
  /** Degrees clockwise. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Left and right change places. */
  readonly flipHorizontal: boolean;
  /** Top and bottom change places. */
  readonly flipVertical: boolean;
}

/** A whole JPEG and its size in pixels. */
export interface Picture {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** High enough that a detector sees no difference to the original. */
const quality = 90;

/**
 * The picture as the user sees it, at most `maxHeight` pixels high.
 * One that needs nothing is returned as it is. An EXIF orientation is not applied, neither here nor to untouched pictures:
 * webcams give none, and the rotation that the user has set is the one that holds.
 * @throws CameraError CAMERA_UNDECODABLE
 */
export async function applyView(picture: Picture, view: View, maxHeight: number): Promise<Picture> {
  const isSideways = view.rotation === 90 || view.rotation === 270;
  const height = isSideways ? picture.width : picture.height;
  const isTurned = view.rotation !== 0 || view.flipHorizontal || view.flipVertical;
  if (!isTurned && height <= maxHeight) return picture;

  const image = await openJpeg(picture.jpeg);
  // sharp mirrors before it rotates. A mirror line goes through a quarter turn by becoming the other one.
  image
    .flip(isSideways ? view.flipHorizontal : view.flipVertical)
    .flop(isSideways ? view.flipVertical : view.flipHorizontal);
  if (view.rotation !== 0) image.rotate(view.rotation);
  if (height > maxHeight) image.resize({ height: maxHeight });
  try {
    const { data, info } = await image.jpeg({ quality }).toBuffer({ resolveWithObject: true });
    return { jpeg: data, width: info.width, height: info.height };
  } catch (cause) {
    throw new CameraError('the picture cannot be decoded', {
      code: 'CAMERA_UNDECODABLE',
      retry: 'soon',
      hint: 'If this stays, restart the camera server and try another resolution or format.',
      cause,
    });
  }
}
