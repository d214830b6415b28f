// Small servers that answer a camera request in any way a test needs, and cameras that look at them.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import {
  type CameraDeps,
  type CameraOptions,
  createCamera,
  type WebCamera,
} from '../../src/camera/camera.ts';
import { CameraError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

/** Something that is closed when the test ends. */
interface Closable {
  close(): unknown;
}

/** What a test context offers to clean up. */
interface Context {
  after(close: () => unknown): void;
}

/** Starts an HTTP(S) server on a free port and returns its base URL. */
export async function serve(
  context: Context,
  handle: RequestListener,
  tls?: { key: string; cert: string },
): Promise<string> {
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = await listen(server);
  return `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`;
}

/** Starts a TCP server on a free port and returns its base URL. */
export async function serveTcp(context: Context, handle: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}

/** A camera that is closed after the test. Without options it looks at `/snapshot` below `baseUrl`. */
export function look(
  context: Context,
  baseUrl: string,
  options: Partial<CameraOptions> = {},
  deps: Partial<CameraDeps> = {},
): WebCamera {
  const camera: WebCamera & Closable = createCamera(
    {
      webcam: null,
      snapshotUrl: '/snapshot',
      streamUrl: null,
      baseUrl,
      username: null,
      password: null,
      caFile: null,
      rotation: 0,
      flipHorizontal: false,
      flipVertical: false,
      maxHeight: 1080,
      timeoutMs: 5_000,
      qualityCheck: false,
      ...options,
    },
    { clock: systemClock, log: createQuietLog(), webcams: () => null, ...deps },
  );
  context.after(() => camera.close());
  return camera;
}

/** A signal that never aborts. */
export const never = new AbortController().signal;

/** Grabs and returns the error, which must be a CameraError with a message and a hint. */
export async function failure(camera: WebCamera, signal = never): Promise<CameraError> {
  try {
    await camera.grab(signal);
  } catch (error) {
    if (error instanceof CameraError && error.message !== '' && error.hint !== '') return error;
    throw error;
  }
  throw new Error('the camera gave a frame');
}

/** Code, message and hint on one line. */
export function told(error: CameraError): string {
  return `${error.code}: ${error.message} | ${error.hint}`;
}
