// A detection service on loopback that answers well until it is told to do something wrong.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it arrived, body and all. */
export interface Received {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a service answers on a good day. */
export interface GoodAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** Answers one request wrongly. The good answer is there to be spoilt; `elsewhere` is the origin of another host. */
export type Fault = (context: {
  readonly request: Received;
  readonly response: ServerResponse;
  readonly good: GoodAnswer;
  readonly elsewhere: string;
}) => void;

/** The running service. */
export interface Service {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Every request whose body arrived whole, oldest first. */
  readonly requests: Received[];
  /** How often somebody connected. */
  readonly connections: () => number;
  /** From now on, requests that match are answered by `fault`; null ends it. */
  spoil(spoiled: { matches: (request: Received) => boolean; fault: Fault; elsewhere: string } | null): void;
  close(): Promise<void>;
}

/** Starts a service. With `tls` (PEM key and certificate) it speaks HTTPS. */
export async function startService(
  answer: (request: Received, origin: string) => GoodAnswer | Promise<GoodAnswer>,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Service> {
  const requests: Received[] = [];
  let connections = 0;
  let spoiled: Parameters<Service['spoil']>[0] = null;
  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const { method = '', url: path = '', headers } = incoming;
      const request: Received = { method, path, headers, body: Buffer.concat(chunks) };
      const good = await answer(request, origin);
      requests.push(request);
      if (spoiled?.matches(request)) {
        spoiled.fault({ request, response, good, elsewhere: spoiled.elsewhere });
      } else {
        answerWell(response, good);
      }
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  return {
    origin,
    requests,
    connections: () => connections,
    spoil: (next) => {
      spoiled = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends a good answer. */
export function answerWell(response: ServerResponse, good: GoodAnswer): void {
  response.writeHead(good.status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(good.json));
}
