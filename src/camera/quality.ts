// Whether there is anything to see in a picture. What can hardly be seen passes: a picture is refused only when nothing can.
import { CameraError } from '../core/errors.ts';
import { emptyShare } from './seam.ts';
import type { SmallPicture } from './small-picture.ts';

/** What was measured of a picture, for the limits below and for docs/performance.md. */
export interface QualityFigures {
  /** 0..1 of the blocks that are brighter than night. */
  readonly lit: number;
  /** 0..1 of the blocks that are not blinding white. */
  readonly unblinded: number;
  /** Brightness in the middle of all blocks, 0..255. */
  readonly middle: number;
  /** Brightness from the darkest to the brightest 2 %, 0..255. */
  readonly contrast: number;
  /** The sharpest percent of its edges: change of brightness within a 160th of the width, 0..510. */
  readonly edges: number;
}

/** Blocks darker than this are night, brighter ones than that are blinding. 0..255. */
const night = 20;
const blinding = 246;
/** What is all one colour and darker than this is rather unlit than covered. */
const dim = 40;
/** Below: refused. Of 1,604 pictures of prints the darkest has 0.06, the brightest 0.24. */
const minLit = 0.02;
const minUnblinded = 0.03;
/** A hand or a cap on the lens has 3 to 12; the flattest of those pictures has 27. */
const minContrast = 16;
/** The softest of them has 33. */
const minEdges = 9;
/** More of the data than this is missing: the camera server has closed a picture that it has not got whole. */
const maxMissing = 0.02;

/**
 * Refuses a picture in which nothing can be seen.
 * @param isBroken its data broke somewhere (findSeam)
 * @throws CameraError CAMERA_BROKEN_PICTURE, CAMERA_TOO_DARK, CAMERA_OVEREXPOSED, CAMERA_COVERED, CAMERA_BLURRED
 */
export function checkQuality(picture: SmallPicture, isBroken: boolean): void {
  if (picture.missing > maxMissing) throw broken(`${Math.round(picture.missing * 100)} % of it is missing`);
  if (emptyShare(picture) > maxMissing) throw broken('its lower part is empty');
  if (isBroken) throw broken('from one row on, its colours are wrong');
  const { lit, unblinded, middle, contrast, edges } = measureQuality(picture);
  if (lit < minLit) throw tooDark();
  if (unblinded < minUnblinded) throw overexposed();
  if (contrast < minContrast) throw middle < dim ? tooDark() : covered();
  if (edges < minEdges) throw blurred();
}

/** Measures a picture. Colours do not count. */
export function measureQuality({ width, height, planes }: SmallPicture): QualityFigures {
  const plane = planes[0] ?? new Float32Array();
  const brightness = brightnessOf(plane);
  const counts = new Uint32Array(256);
  for (const value of brightness) counts[value] = (counts[value] ?? 0) + 1;
  return {
    lit: 1 - shareBelow(counts, night),
    unblinded: shareBelow(counts, blinding),
    middle: levelAt(counts, 0.5),
    contrast: levelAt(counts, 0.98) - levelAt(counts, 0.02),
    edges: levelAt(countEdges(brightness, width, height), 0.99),
  };
}

/** Not with Uint8Array.from, which makes two objects for each block: a megabyte of litter for each picture. */
function brightnessOf(plane: Float32Array): Uint8Array {
  const brightness = new Uint8Array(plane.length);
  // Level 0 of what is stored is the middle grey.
  for (let at = 0; at < plane.length; at += 1)
    brightness[at] = Math.min(Math.max((plane[at] ?? 0) + 128, 0), 255);
  return brightness;
}

function countEdges(brightness: Uint8Array, width: number, height: number): Uint32Array {
  const counts = new Uint32Array(511);
  const step = Math.max(1, Math.round(width / 160));
  for (let y = 0; y + step < height; y += 1) {
    for (let x = 0; x + step < width; x += 1) {
      const here = brightness[y * width + x] ?? 0;
      const right = brightness[y * width + x + step] ?? 0;
      const below = brightness[(y + step) * width + x] ?? 0;
      const change = Math.abs(right - here) + Math.abs(below - here);
      counts[change] = (counts[change] ?? 0) + 1;
    }
  }
  return counts;
}

/** 0..1 of what was counted at levels below this one. */
function shareBelow(counts: Uint32Array, level: number): number {
  return total(counts.subarray(0, level)) / Math.max(total(counts), 1);
}

/** The lowest level that has more than this share of what was counted at it and below it. */
function levelAt(counts: Uint32Array, share: number): number {
  let left = share * total(counts);
  return Math.max(
    counts.findIndex((count) => {
      left -= count;
      return left < 0;
    }),
    0,
  );
}

function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function broken(why: string): CameraError {
  return new CameraError(`the picture is broken: ${why}`, {
    code: 'CAMERA_BROKEN_PICTURE',
    retry: 'soon',
    hint: 'If this stays, look at the cable and the power of the camera, or lower its resolution or frame rate.',
  });
}

function tooDark(): CameraError {
  return new CameraError('it is too dark to see anything', {
    code: 'CAMERA_TOO_DARK',
    retry: 'soon',
    hint: 'Switch a light on.',
  });
}

function overexposed(): CameraError {
  return new CameraError('the picture is white all over', {
    code: 'CAMERA_OVEREXPOSED',
    retry: 'soon',
    hint: 'Lower the exposure of the camera, or keep lamps and the sun out of it.',
  });
}

function covered(): CameraError {
  return new CameraError('the picture is one colour all over: something covers the camera', {
    code: 'CAMERA_COVERED',
    retry: 'soon',
    hint: 'Take away what is in front of the camera.',
  });
}

function blurred(): CameraError {
  return new CameraError('the picture is blurred all over', {
    code: 'CAMERA_BLURRED',
    retry: 'soon',
    hint: 'Clean the lens of the camera and focus it on the bed.',
  });
}
