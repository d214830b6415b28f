// A stream of drawn pictures for Mainsail and Fluidd: one a second, the last one again where there is no newer.
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const boundary = 'lookoutframe';
/** Mainsail reconnects when no picture came for 10 s, and Fluidd shows each one when the next begins. */
const everyMs = 1_000;

/** Headers that begin the stream. */
export const streamHeaders = {
  'Content-Type': `multipart/x-mixed-replace; boundary=${boundary}`,
  'Cache-Control': 'no-store',
  Connection: 'close',
} as const;

/**
 * Sends pictures until the viewer leaves. A viewer that reads slowly misses pictures; none is kept for it.
 * @param first the picture that it begins with
 * @param next the newest picture; null while there is none, then the last is sent again
 */
export async function streamPictures(
  response: ServerResponse,
  first: Uint8Array,
  next: () => Promise<Uint8Array | null>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.on('error', () => gone.abort());
  response.write(`--${boundary}\r\n`);
  let picture = first;
  while (!gone.signal.aborted) {
    if (!response.writableNeedDrain) {
      response.write(`Content-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write(`\r\n--${boundary}\r\n`);
    }
    await delay(everyMs, undefined, { signal: gone.signal }).catch(() => {});
    if (gone.signal.aborted) return;
    picture = (await next()) ?? picture;
  }
}
