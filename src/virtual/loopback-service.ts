// A service on loopback: reads each request whole, hands it on, and answers what it is told.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { BodyTooLarge, readCapped } from '../lib/capped-body.ts';

/** A request with its whole body. */
export interface WholeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When its headers arrived, by `now`. */
  readonly atMs: number;
}

/** How to serve. */
export interface LoopbackServiceOptions {
  /** 0 is any free one. */
  readonly port: number;
  /** Any steady clock in ms. */
  readonly now: () => number;
  readonly handle: (request: WholeRequest, response: ServerResponse) => Promise<void>;
}

/** The running service. */
export interface LoopbackService {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

const maxBodyBytes = 16 * 1024 * 1024;

/** Starts it on 127.0.0.1. Rejects with Node's error when the port is taken. */
export async function startLoopbackService(options: LoopbackServiceOptions): Promise<LoopbackService> {
  const ended = new AbortController();
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const atMs = options.now();
    const body = await readCapped(incoming, maxBodyBytes, ended.signal);
    const { method = '', url: path = '', headers } = incoming;
    await options.handle({ method, path, headers, body, atMs }, response);
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      // The other side went away, or sent more than anybody should.
      if (error instanceof BodyTooLarge) response.writeHead(413);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      ended.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Sends JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** Reads a body as JSON; undefined where it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
