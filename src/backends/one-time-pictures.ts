// Serves one picture to one guest for one GET, for services that fetch pictures instead of taking them.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type BlockList, isIP, isIPv6 } from 'node:net';
import type { Clock } from '../core/ports.ts';

/** A picture and who may have it. */
export interface PictureOffer {
  readonly jpeg: Uint8Array;
  /** Address of this host to listen on; null for all of them. */
  readonly listenOn: string | null;
  /** 0 is any free one. */
  readonly port: number;
  /** Where the guest may come from. Everybody else is hung up on before having said anything. */
  readonly guests: BlockList;
}

/** A picture that can be fetched. */
export interface OneTimePicture {
  /** Unguessable (192 bits), beginning with a slash. */
  readonly path: string;
  readonly port: number;
  /** True once the picture has been handed over, whole. */
  hasLeft(): boolean;
  /** The last address that was turned away; null for none. */
  stranger(): string | null;
  /** Forgets the picture, hangs up and stops listening. */
  close(): Promise<void>;
}

/** A picture that nobody has fetched by then is of no use any more: 30 s. */
export const pictureLifeMs = 30_000;

/** A guest asks with a few short lines, at once. */
const limits = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAlive: false,
};
const maxConnections = 8;

/**
 * Listens, and offers the picture for `pictureLifeMs` or until its first GET. That one uses it up, even if it breaks off: no
 * second GET can prove that the first was not somebody else's. Everything else is answered with 404, which those who try
 * again take for final. Rejects with Node's error when the port cannot be listened on.
 */
export async function offerPicture(
  offer: PictureOffer,
  clock: Pick<Clock, 'sleep'>,
): Promise<OneTimePicture> {
  const { listenOn, port, guests } = offer;
  const path = `/${randomBytes(24).toString('base64url')}`;
  const ended = new AbortController();
  let jpeg: Uint8Array | null = offer.jpeg;
  let hasLeft = false;
  let stranger: string | null = null;

  const answer = ({ method, url, socket }: IncomingMessage, response: ServerResponse) => {
    const picture = method === 'GET' && url === path ? jpeg : null;
    const headers = { Connection: 'close', 'Cache-Control': 'no-store' };
    if (picture === null) {
      response.writeHead(404, { ...headers, 'Content-Length': 0 }).end();
      return;
    }
    jpeg = null;
    // Node says `finish` for a connection that broke off as well.
    response.once('finish', () => {
      hasLeft = !socket.destroyed;
    });
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'image/jpeg',
      'Content-Length': picture.length,
    });
    response.end(picture);
  };

  const server = createServer(limits, answer);
  server.maxConnections = maxConnections;
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    if (isIP(address) !== 0 && guests.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return;
    stranger = address.replace(/^::ffff:/, '') || null;
    socket.destroy();
  });

  const close = () => {
    ended.abort();
    jpeg = null;
    return new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };

  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, ...(listenOn === null ? {} : { host: listenOn }) }, resolve);
  });
  clock.sleep(pictureLifeMs, ended.signal).then(close, () => {});
  const address = server.address();
  return {
    path,
    port: address === null || typeof address === 'string' ? port : address.port,
    hasLeft: () => hasLeft,
    stranger: () => stranger,
    close,
  };
}
