// Reads a JPEG's markers: is it one, is it whole, how large is the picture. Decodes nothing.
import { CameraError } from '../core/errors.ts';
import { sniff } from './sniff.ts';

/** What the markers say. Source: ITU-T T.81, annex B. */
export interface JpegInfo {
  /** Pixels as stored; an EXIF orientation is not applied. 1..65535. */
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  /** Bytes from SOI to the end of EOI; what the server padded behind it is not part of the picture. */
  readonly length: number;
}

/** Largest picture, 8 MiB. */
export const maxPictureBytes = 8 * 1024 * 1024;

const eoi = Buffer.from([0xff, 0xd9]);

/**
 * Reads the markers of a JPEG that may be followed by padding.
 * A thumbnail within an EXIF segment counts neither for the size nor for the end: segments are stepped over by their length.
 * @throws CameraError CAMERA_NOT_JPEG (no SOI), CAMERA_TRUNCATED (no EOI), CAMERA_UNDECODABLE (markers contradict each other)
 */
export function inspectJpeg(bytes: Uint8Array): JpegInfo {
  if (!startsLikeJpeg(bytes)) throw notJpeg(bytes);
  const head = readHead(bytes);
  // Within entropy-coded data FF is always followed by 00, so past SOS the last FFD9 is the picture's own end.
  const end = view(bytes).lastIndexOf(eoi);
  if (end < head.scanAt) throw truncated(`after ${bytes.length} bytes`);
  return { width: head.width, height: head.height, isProgressive: head.isProgressive, length: end + 2 };
}

/** Bytes from SOI to the end of EOI, as `inspectJpeg` finds them; 0 for anything that it would refuse. */
export function jpegSize(bytes: Uint8Array): number {
  try {
    return inspectJpeg(bytes).length;
  } catch {
    return 0;
  }
}

/** True for the two bytes of SOI, or for as much of them as there is; false for an empty body. */
function startsLikeJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes.length === 1 || bytes[1] === 0xd8);
}

/** The error for a body that begins like something else; names what it begins like. */
export function notJpeg(bytes: Uint8Array): CameraError {
  const { what, hint } = sniff(bytes);
  return new CameraError(`the camera sent ${what} instead of a JPEG`, {
    code: 'CAMERA_NOT_JPEG',
    retry: 'soon',
    hint,
  });
}

/** The error for a picture that stops before its end. `where` completes "the picture is cut off …". */
export function truncated(where: string, cause?: unknown): CameraError {
  return new CameraError(`the picture is cut off ${where}`, {
    code: 'CAMERA_TRUNCATED',
    retry: 'soon',
    hint: 'If this stays, look at the cable and the power of the camera, or lower its resolution.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for a body past `maxBytes`. */
export function tooLarge(maxBytes: number): CameraError {
  return new CameraError(`the camera sent more than ${maxBytes / 1024 / 1024} MiB for one picture`, {
    code: 'CAMERA_TOO_LARGE',
    retry: 'later',
    hint: 'Enter the address of single pictures rather than of a video, or lower the resolution of the camera.',
  });
}

interface Head {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly scanAt: number;
}

/** Steps over the segments from SOI to the first SOS. */
function readHead(bytes: Uint8Array): Head {
  let width = 0;
  let height = 0;
  let isProgressive = false;
  let at = 2;
  for (;;) {
    // Stray bytes between segments are common in webcam firmware and ignored by decoders too; FF may repeat as filling.
    while (at < bytes.length && bytes[at] !== 0xff) at += 1;
    while (bytes[at] === 0xff) at += 1;
    const marker = bytes[at];
    if (marker === undefined) throw truncated(`after ${bytes.length} bytes`);
    at += 1;
    // 00 is a stuffed byte; TEM, RSTn and a second SOI stand alone.
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (marker === 0xd9) throw broken('it ends before any picture data');
    const size = uint16(bytes, at);
    if (Number.isNaN(size) || at + size > bytes.length) throw truncated(`after ${bytes.length} bytes`);
    if (size < 2) throw broken('a segment is shorter than its own length field');
    if (marker === 0xda) {
      if (width === 0 || height === 0) throw broken('it does not say how large the picture is');
      return { width, height, isProgressive, scanAt: at };
    }
    if (isFrameHeader(marker)) {
      if (size < 8) throw broken('its frame header is too short');
      height = uint16(bytes, at + 3);
      width = uint16(bytes, at + 5);
      isProgressive = [0xc2, 0xc6, 0xca, 0xce].includes(marker);
    }
    at += size;
  }
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Big endian; NaN past the end. */
function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? Number.NaN) * 256 + (bytes[at + 1] ?? Number.NaN);
}

function broken(why: string): CameraError {
  return new CameraError(`the JPEG is broken: ${why}`, {
    code: 'CAMERA_UNDECODABLE',
    retry: 'soon',
    hint: 'If this stays, restart the camera server and try another resolution or format.',
  });
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
