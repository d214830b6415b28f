// Takes one picture from an address, be it a still picture or an MJPEG stream. The bytes decide, not the Content-Type.
import { addAbortSignal, type Readable } from 'node:stream';
import { CameraError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Moment } from '../core/types.ts';
import { BodyTooLarge, readCapped } from '../lib/capped-body.ts';
import type { CameraAnswer, CameraHttp } from './http.ts';
import { maxPictureBytes, notJpeg, tooLarge, truncated } from './jpeg.ts';
import { boundaryOf, createMjpegParser } from './mjpeg.ts';

/** What a camera sent, and a moment before which it was not taken. */
export interface RawPicture extends Moment {
  /** Begins like a JPEG in the case of a still picture; otherwise unchecked. At most 8 MiB. */
  readonly bytes: Buffer;
}

/** What taking a picture needs. */
export interface SnapshotDeps {
  readonly http: CameraHttp;
  readonly clock: Clock;
}

/**
 * One GET, one picture.
 * @param signal the only time limit
 * @throws CameraError with any code but CAMERA_NOT_FOUND, CAMERA_FROZEN and CAMERA_TIMEOUT; anything when aborted
 */
export async function takeSnapshot(url: URL, deps: SnapshotDeps, signal: AbortSignal): Promise<RawPicture> {
  const answer = await deps.http.open(url, signal);
  const moment = deps.clock.now();
  const body = addAbortSignal(signal, answer.body);
  try {
    const start = await firstChunk(body);
    if (start[0] === 0xff) return { ...moment, bytes: await readStill(answer, signal) };
    // Two dashes begin a multipart body; a preamble may stand before them.
    const isStream = start[0] === 0x2d || (start.length > 0 && /^multipart\//i.test(answer.contentType));
    if (isStream) return await readStream(answer, moment, deps.clock);
    throw notJpeg(start);
  } catch (error) {
    if (error instanceof CameraError || signal.aborted) throw error;
    throw truncated('because the camera closed the connection', error);
  } finally {
    body.destroy();
  }
}

/** What came first, still to be read again; empty when nothing comes at all. */
async function firstChunk(body: Readable): Promise<Buffer> {
  if (body.readableLength === 0) {
    await new Promise<void>((resolve, reject) => {
      // An empty body only ends. An abort arrives as an error, for the signal destroys the body.
      body.once('readable', resolve).once('end', resolve).once('error', reject);
    });
  }
  const chunk: unknown = body.read();
  if (!Buffer.isBuffer(chunk)) return Buffer.alloc(0);
  body.unshift(chunk);
  return chunk;
}

async function readStill(answer: CameraAnswer, signal: AbortSignal): Promise<Buffer> {
  if (answer.contentLength !== null && answer.contentLength > maxPictureBytes)
    throw tooLarge(maxPictureBytes);
  try {
    return await readCapped(answer.body, maxPictureBytes, signal);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw tooLarge(maxPictureBytes);
    throw error;
  }
}

/**
 * The second picture of the stream. The first may be an old one that the server had in store; one that begins after the
 * first has ended is certainly new. A server that ends after one picture made it for us.
 */
async function readStream(answer: CameraAnswer, opened: Moment, clock: Clock): Promise<RawPicture> {
  const parser = createMjpegParser({ boundary: boundaryOf(answer.contentType) });
  let first: Buffer | null = null;
  let since = opened;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      parser.push(chunk);
      const picture = parser.take();
      if (picture !== null && parser.count > 1) return { ...since, bytes: picture };
      if (picture !== null) {
        first = picture;
        since = clock.now();
      }
    }
  } catch (error) {
    if (first === null || error instanceof CameraError) throw error;
    throw new CameraError('the stream gave one picture, perhaps an old one, and then no more', {
      code: 'CAMERA_STALE',
      retry: 'soon',
      hint: 'Restart the camera server, or set snapshot_url in [camera]; with less than a picture each 5 s raise timeout.',
      cause: error,
    });
  }
  parser.end();
  const bytes = parser.take() ?? first;
  if (bytes === null) throw truncated('before its first byte: the stream ended');
  return { ...since, bytes };
}
