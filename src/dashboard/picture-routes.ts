// Pictures: live ones for the page, drawn ones for Mainsail, Fluidd and Moonraker's notifier.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, Hono } from 'hono';
import { LookoutError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { Frame } from '../core/types.ts';
import type { Access } from './access.ts';
import { createDraw, type Draw } from './drawing.ts';
import type { OpenStreams } from './event-streams.ts';
import type { GuardEnv } from './guard.ts';
import type { Live } from './live.ts';
import { streamHeaders, streamPictures } from './picture-stream.ts';
import type { PrinterView } from './printer-view.ts';
import type { Refuse } from './refusal.ts';
import { withoutMetadata } from './strip-metadata.ts';

/** A printer with its live pictures. */
export interface Pictured {
  readonly view: PrinterView;
  readonly live: Live;
}

/** What the routes work with. */
export interface PictureDeps {
  /** The printer that the query names, the first without one; null for a name that there is not. */
  readonly find: (c: Context<GuardEnv>) => Pictured | null;
  readonly access: Access;
  readonly streams: OpenStreams;
  readonly refuse: Refuse;
  readonly log: Log;
}

/** Regions of a look that is older say nothing about a live picture. */
const regionsHoldMs = 60_000;

/** Adds the routes. */
export function addPictureRoutes(app: Hono<GuardEnv>, deps: PictureDeps): void {
  const { find, refuse, access, streams } = deps;
  const draws = new WeakMap<PrinterView, Draw>();
  const drawn = (view: PrinterView, frame: Frame) => {
    const draw = draws.get(view) ?? createDraw();
    draws.set(view, draw);
    const look = view.lastLook();
    const isRecent = look !== null && Math.abs(frame.tickMs - look.frame.tickMs) < regionsHoldMs;
    return draw(frame, { regions: isRecent ? look.assessment.regions : [], masks: view.areas() });
  };

  const noPicture = (c: Context<GuardEnv>, error: unknown) => {
    const message = error instanceof LookoutError ? error.message : 'there is no picture';
    return refuse(c, 'NO_PICTURE', '', message);
  };

  /** As it comes, for the page: it draws by itself. */
  app.get('/api/v1/picture', async (c) => {
    const found = find(c);
    if (found === null) return refuse(c, 'NOT_FOUND');
    try {
      const frame = await found.live.latest();
      const tag = `"${Math.round(frame.tickMs)}"`;
      if (c.req.header('if-none-match') === tag) return c.body(null, 304, { ETag: tag });
      return sendJpeg(c, withoutMetadata(frame.jpeg), {
        ETag: tag,
        'X-Frame-At': String(Math.round(frame.atMs)),
      });
    } catch (error) {
      return noPicture(c, error);
    }
  });

  /** Drawn: the newest picture, or with ?look the last one that was judged. */
  app.get('/snapshot.jpg', async (c) => {
    const found = find(c);
    if (found === null) return refuse(c, 'NOT_FOUND');
    if (isOurselves(c)) return refuse(c, 'NO_PICTURE', '', 'this is our own picture, not a camera');
    allowUserInterfaces(c, access);
    try {
      const look = c.req.query('look') === undefined ? null : found.view.lastLook();
      const frame = look?.frame ?? (await newest(found));
      return sendJpeg(c, await drawn(found.view, frame), {});
    } catch (error) {
      return noPicture(c, error);
    }
  });

  app.get('/stream', async (c) => {
    const found = find(c);
    if (found === null) return refuse(c, 'NOT_FOUND');
    if (isOurselves(c)) return refuse(c, 'NO_PICTURE', '', 'this is our own picture, not a camera');
    if (!streams.hasRoom()) return refuse(c, 'TOO_MANY_STREAMS', c.get('client'));
    let first: Uint8Array;
    try {
      first = await drawn(found.view, await newest(found));
    } catch (error) {
      return noPicture(c, error);
    }
    const { outgoing } = c.env;
    streams.add(outgoing);
    for (const [name, value] of corsHeaders(c, access)) outgoing.setHeader(name, value);
    // As cameras send it: readers of such streams do not all know chunks.
    outgoing.useChunkedEncodingByDefault = false;
    outgoing.writeHead(200, streamHeaders);
    const next = async () => {
      try {
        return await drawn(found.view, await found.live.latest());
      } catch {
        return null;
      }
    };
    streamPictures(outgoing, first, next).catch((error: unknown) => {
      deps.log.warn('a picture stream ended', { error });
      outgoing.destroy();
    });
    return RESPONSE_ALREADY_SENT;
  });
}

/** A live picture; where the camera gives none now, the last one that was judged. */
async function newest({ view, live }: Pictured): Promise<Frame> {
  try {
    return await live.latest();
  } catch (error) {
    const look = view.lastLook();
    if (look === null) throw error;
    return look.frame;
  }
}

function sendJpeg(c: Context<GuardEnv>, jpeg: Uint8Array, headers: Record<string, string>): Response {
  // A view of its own buffer, as the body of an answer wants it.
  const body = new Uint8Array(jpeg.buffer as ArrayBuffer, jpeg.byteOffset, jpeg.byteLength);
  return c.body(body, 200, { 'Content-Type': 'image/jpeg', ...headers });
}

/** A webcam entry of the user that points here would feed us our own drawing. */
function isOurselves(c: Context<GuardEnv>): boolean {
  return (c.req.header('user-agent') ?? '').startsWith('moonraker-lookout');
}

/** Mainsail and Fluidd read with fetch() from another port; pages elsewhere cannot. */
function corsHeaders(c: Context<GuardEnv>, access: Access): [string, string][] {
  const origin = c.req.header('origin');
  const headers: [string, string][] = [
    ['Cross-Origin-Resource-Policy', 'cross-origin'],
    ['Vary', 'Origin'],
  ];
  if (origin !== undefined && access.isKnownOrigin(origin))
    headers.push(['Access-Control-Allow-Origin', origin]);
  return headers;
}

function allowUserInterfaces(c: Context<GuardEnv>, access: Access): void {
  for (const [name, value] of corsHeaders(c, access)) c.header(name, value);
}
